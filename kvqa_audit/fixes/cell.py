"""A cell as it is written in a file, which knows where it stands there."""

from __future__ import annotations

Steps = tuple[str | int, ...]


class Cell(str):
    """A text of a table that can be written back; equal to the same text anywhere else.

    `file` is the file's path below the dataset. `at` are the steps to the text in it: of a table the number of the row
    and the name of the column, of JSON keys and places in lists, and in JSON Lines first the number of the record.
    """

    __slots__ = ("at", "file")

    def __new__(cls, text: str, file: str, at: Steps) -> Cell:
        cell = super().__new__(cls, text)
        cell.file, cell.at = file, at
        return cell

    file: str
    at: Steps
