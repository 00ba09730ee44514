"""All checks, in the order of their codes: two visible tuples, and what a description adds to them."""

from __future__ import annotations

from kvqa_audit.checks.base import Check, switched
from kvqa_audit.checks.expectation_checks import check_of_expectation
from kvqa_audit.checks.kv101_row_without_image import row_without_image
from kvqa_audit.checks.kv102_image_without_rows import image_without_rows
from kvqa_audit.checks.kv103_unreadable_image import unreadable_image
from kvqa_audit.checks.kv104_truncated_image import truncated_image
from kvqa_audit.checks.kv105_empty_image import empty_image
from kvqa_audit.checks.kv106_not_an_image import not_an_image
from kvqa_audit.checks.kv107_format_mismatch import format_mismatch
from kvqa_audit.checks.kv108_unusual_mode import unusual_mode
from kvqa_audit.checks.kv109_animated_image import animated_image
from kvqa_audit.checks.kv110_poison_image import poison_image
from kvqa_audit.checks.kv111_image_outside_the_folder import image_outside_the_folder
from kvqa_audit.checks.kv112_odd_size import odd_size
from kvqa_audit.checks.kv113_odd_aspect import odd_aspect
from kvqa_audit.checks.kv114_dark_image import dark_image
from kvqa_audit.checks.kv115_bright_image import bright_image
from kvqa_audit.checks.kv116_blurry_image import blurry_image
from kvqa_audit.checks.kv117_low_information_image import low_information_image
from kvqa_audit.checks.kv118_two_files_for_one_id import two_files_for_one_id
from kvqa_audit.checks.kv119_two_pictures_for_one_id import two_pictures_for_one_id
from kvqa_audit.checks.kv120_ids_unlike_their_files import ids_unlike_their_files
from kvqa_audit.checks.kv121_unread_files import unread_files
from kvqa_audit.checks.kv122_lfs_pointers import lfs_pointers
from kvqa_audit.checks.kv123_turned_by_its_tag import turned_by_its_tag
from kvqa_audit.checks.kv124_format_not_read import format_not_read
from kvqa_audit.checks.kv201_identical_bytes import identical_bytes
from kvqa_audit.checks.kv202_identical_pixels import identical_pixels
from kvqa_audit.checks.kv203_duplicates_with_conflicting_answers import duplicates_with_conflicting_answers
from kvqa_audit.checks.kv204_near_duplicates import near_duplicates
from kvqa_audit.checks.kv205_duplicates_across_sources import duplicates_across_sources
from kvqa_audit.checks.kv206_near_frames import near_frames
from kvqa_audit.checks.kv207_unstable_answers import unstable_answers
from kvqa_audit.checks.kv350_suspicious_answer import suspicious_answer
from kvqa_audit.checks.kv351_suspicious_source import suspicious_source
from kvqa_audit.checks.kv352_off_topic_image import off_topic_image
from kvqa_audit.checks.kv360_box_answer_against_picture import box_answer_against_picture
from kvqa_audit.checks.kv361_text_answer_against_picture import text_answer_against_picture
from kvqa_audit.checks.kv362_colour_answer_against_picture import colour_answer_against_picture
from kvqa_audit.checks.kv401_constant_question import constant_question
from kvqa_audit.checks.kv402_dominant_answer import dominant_answer
from kvqa_audit.checks.kv403_question_missing_by_source import question_missing_by_source
from kvqa_audit.checks.kv404_rare_answer import rare_answer
from kvqa_audit.checks.kv405_answer_depends_on_id_order import answer_depends_on_id_order
from kvqa_audit.checks.kv406_shortcut_from_source import shortcut_from_source
from kvqa_audit.checks.kv407_shortcut_from_image_size import shortcut_from_image_size
from kvqa_audit.checks.kv408_stereotyped_answers import stereotyped_answers
from kvqa_audit.checks.kv409_split_leak_by_id import split_leak_by_id
from kvqa_audit.checks.kv410_split_leak_by_identical_picture import split_leak_by_identical_picture
from kvqa_audit.checks.kv411_split_leak_by_near_duplicate import split_leak_by_near_duplicate
from kvqa_audit.checks.kv412_split_leak_by_question import split_leak_by_question
from kvqa_audit.checks.kv413_answer_given_away_by_spelling import answer_given_away_by_spelling
from kvqa_audit.checks.kv414_mixed_languages import mixed_languages
from kvqa_audit.checks.kv415_misspelt_category import misspelt_category
from kvqa_audit.checks.kv416_accepted_answers_disagree import accepted_answers_disagree
from kvqa_audit.checks.kv417_split_leak_by_group import split_leak_by_group
from kvqa_audit.checks.kv418_image_in_several_groups import image_in_several_groups
from kvqa_audit.checks.kv419_dominant_group import dominant_group
from kvqa_audit.checks.kv420_group_answered_in_two_ways import group_answered_in_two_ways
from kvqa_audit.checks.kv421_clock_runs_backwards import clock_runs_backwards
from kvqa_audit.checks.kv601_embedded_metadata import embedded_metadata
from kvqa_audit.checks.kv602_embedded_location_or_name import embedded_location_or_name
from kvqa_audit.checks.kv603_burned_in_identifier import burned_in_identifier
from kvqa_audit.checks.kv604_missing_licence_or_citation import missing_licence_or_citation
from kvqa_audit.checks.row_checks import ROW_CHECKS
from kvqa_audit.checks.rule_checks import check_of_rule
from kvqa_audit.errors import SpecError
from kvqa_audit.spec.dataset_spec import DatasetSpec

CHECKS: tuple[Check, ...] = (
    *ROW_CHECKS,
    row_without_image,
    image_without_rows,
    unreadable_image,
    truncated_image,
    empty_image,
    not_an_image,
    format_mismatch,
    unusual_mode,
    animated_image,
    poison_image,
    image_outside_the_folder,
    odd_size,
    odd_aspect,
    dark_image,
    bright_image,
    blurry_image,
    low_information_image,
    two_files_for_one_id,
    two_pictures_for_one_id,
    ids_unlike_their_files,
    unread_files,
    lfs_pointers,
    turned_by_its_tag,
    format_not_read,
    identical_bytes,
    identical_pixels,
    duplicates_with_conflicting_answers,
    near_duplicates,
    duplicates_across_sources,
    near_frames,
    unstable_answers,
    suspicious_answer,
    suspicious_source,
    off_topic_image,
    box_answer_against_picture,
    text_answer_against_picture,
    colour_answer_against_picture,
    constant_question,
    dominant_answer,
    question_missing_by_source,
    rare_answer,
    answer_depends_on_id_order,
    shortcut_from_source,
    shortcut_from_image_size,
    stereotyped_answers,
    split_leak_by_id,
    split_leak_by_identical_picture,
    split_leak_by_near_duplicate,
    split_leak_by_question,
    answer_given_away_by_spelling,
    mixed_languages,
    misspelt_category,
    accepted_answers_disagree,
    split_leak_by_group,
    image_in_several_groups,
    dominant_group,
    group_answered_in_two_ways,
    clock_runs_backwards,
    embedded_metadata,
    embedded_location_or_name,
    burned_in_identifier,
    missing_licence_or_citation,
)


def checks_for(spec: DatasetSpec) -> tuple[Check, ...]:
    """The checks of this package, and one for every promise and every rule of the description, by code.

    Raises:
        SpecError: the description switches off what is no check.
    """
    described = (*map(check_of_expectation, spec.promises), *map(check_of_rule, spec.rules))
    unknown = sorted(spec.checks.keys() - {check.code for check in (*CHECKS, *described)})
    if unknown:
        raise SpecError(
            f"dataset.yaml, key checks.{unknown[0]}: there is no such check; 'kvqa-audit checks' lists all of them"
        )
    return switched(sorted((*CHECKS, *described), key=lambda check: check.code[:4]), spec)
