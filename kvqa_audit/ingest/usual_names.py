"""The names of columns come in; the roles that such names usually play in published datasets go out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Role → letters and digits of usual names, the most telling first; those of other languages last.
_WORDS: Mapping[str, str] = {
    "question": """
        question questiontext questionstring questionorig questions query prompt sent q
        frage pregunta pergunta domanda vraag fråga spørgsmål spørsmål pytanie otázka вопрос 问题 問題 質問 질문 سؤال
    """,
    "answer": """
        answer answertext answerorig multiplechoiceanswer answers label response reply groundtruth fullanswer
        directanswers gt a
        antwort réponse reponse respuesta resposta risposta antwoord svar odpowiedź odpověď ответ
        答案 回答 答え 답변 답 إجابة جواب
    """,
    "img_id": """
        imgid imageid imgids imgname imagename imagefile imagefilename imgfile imgfilename filename imagepath imgpath
        figurepath filepath imgfn imageindex imgindex imageurl imgurl picture pic path img image imageids images
        bild bilddatei bildname datei foto imagen imagem immagine afbeelding obraz изображение картинка
        图片 图像 圖片 圖像 影像 画像 이미지 صورة
    """,
    "source": """
        source category origin dataset collection organ imageorgan modality class
        kategorie quelle catégorie categoría categoria категория 类别 来源 來源
    """,
    "split": """
        split subset partition fold set setname datasplit teilmenge aufteilung partición partição выборка 划分
    """,
    "group": """
        group groupid patientid patient subjectid subject participantid participant examinationid examination examid
        exam studyid study seriesid series procedureid caseid case encounterid encounter visitid visit admissionid
        sessionid session videoid video videoname clipid clip sceneid scene albumid album
        patientenid patientin paciente paziente patiënt пациент 患者 病人 환자
    """,
}
NAMES: Mapping[str, tuple[str, ...]] = {role: tuple(words.split()) for role, words in _WORDS.items()}
_ASKS = re.compile(
    r"[?\uff1f\u061f\u037e]\s*$|^\s*(?:what|where|which|who|how|is|are|does|do|can|was|were|has|have)\b", re.IGNORECASE
)
_SCANNED_ROWS, _MIN_ASKING = 200, 0.8
ACCEPTED = ("answers", "directanswers", "acceptedanswers", "allanswers")


def folded(name: str) -> str:
    """A name's letters and digits, of whatever script, in lower case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", str(name).casefold()))


def asks(text: str) -> bool:
    """Whether a text is a question, by its mark or by its first word."""
    return _ASKS.search(text) is not None


def asking_column(columns: Mapping[str, Sequence[Any]]) -> str | None:
    """The column of whose first texts nearly all ask something, whatever it is called; None where none does."""
    for name, values in columns.items():
        texts = [value for value in values[:_SCANNED_ROWS] if isinstance(value, str) and value.strip()]
        if len(texts) > 1 and sum(map(asks, texts)) >= _MIN_ASKING * len(texts):
            return name
    return None


def usual_columns(role: str, columns: Iterable[str]) -> list[str]:
    """The columns whose names tell the role, the most telling first."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded(column), column)
    return [by_name[name] for name in NAMES[role] if name in by_name]


def usual_roles(columns: Iterable[str]) -> dict[str, str]:
    """Question, answer and img_id → the column with the most telling name; only the roles that have one."""
    names = list(columns)
    found = {role: usual_columns(role, names) for role in ("question", "answer", "img_id")}
    return {role: best[0] for role, best in found.items() if best}
