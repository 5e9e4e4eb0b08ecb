"""What Chroma promises a training, and the tests that hold it to that."""

from __future__ import annotations

from collections.abc import Mapping

ANY = "any framework"
BACKENDS = {"tensorflow": "Keras, TensorFlow", "torch": "Keras, PyTorch", "jax": "Keras, JAX"}
COLUMNS = (ANY, "Lightning", *BACKENDS.values(), "Hugging Face")


class Promise:
    """A promise, and the names of the tests that fail where it is broken.

    Args:
        text: The promise.
        tests: Names of tests.
        alike: One mechanism keeps it for every framework: tests without any speak for all.
        apart: Why it does not apply, by column.
    """

    def __init__(
        self, text: str, *tests: str, alike: bool = False, apart: Mapping[str, str] | None = None
    ) -> None:
        self.text = text
        self.tests = tests
        self.alike = alike
        self.apart = apart or {}


PROMISES = {
    1: Promise(
        "Our errors never reach you: one warning each",
        "test_when_we_fail_the_fit_runs_once",
        "test_when_we_fail_the_training_runs_once",
        "test_a_model_without_layers_is_said_once",
        "test_when_a_layer_is_unknown_training_goes_on",
    ),
    2: Promise(
        "Your errors are raised unchanged, as the same object, and the run is marked failed",
        "test_the_users_error_is_the_same_object",
        "test_the_users_error_is_the_same_object_and_the_run_has_failed",
        "test_the_users_error_is_the_same_object_and_nothing_stays",
        "test_an_error_of_the_original_passes_as_it_is",
    ),
    3: Promise(
        "If our work before a call fails, the call is still made, exactly once, with your arguments",
        "test_when_adding_a_callback_fails_the_call_is_made_once",
        "test_when_we_fail_the_fit_runs_once",
        "test_when_we_fail_the_training_runs_once",
    ),
    4: Promise(
        "If our work after a call fails, you get its result, and no second call is made",
        "test_when_restoring_fails_the_result_stands",
        "test_when_we_fail_as_a_fit_ends_its_result_stands",
        "test_when_we_fail_as_a_training_ends_its_result_stands",
    ),
    5: Promise(
        "The result of a call is returned unchanged",
        "test_the_result_is_returned_as_it_is",
        "test_a_trainer_that_overrides_fit_and_gives_back_something",
    ),
    6: Promise(
        "Every hook of a callback stops our errors",
        "test_every_hook_stops_our_errors",
    ),
    7: Promise(
        "Ctrl-C marks the run interrupted and is passed on",
        "test_control_c_interrupts_the_run_and_nothing_else",
        "test_control_c_interrupts_the_run",
    ),
    8: Promise(
        "A logger that fails does no harm",
        "test_a_logger_that_fails_does_no_harm",
        alike=True,
    ),
    9: Promise(
        "CHROMA_STRICT=1 raises our errors, for tests",
        "test_strict_errors_are_not_hidden",
        alike=True,
    ),
    10: Promise(
        "If autolog fails to join a training, it does not join the trainings inside it either",
        "test_calls_within_a_call_get_no_callback",
        alike=True,
    ),
    11: Promise(
        "What we wrap keeps its signature, name and docstring, and can still be pickled",
        "test_name_signature_and_pickles_stay",
        "test_a_fit_is_captured_and_nothing_of_ours_stays",
        "test_a_training_is_captured_and_nothing_of_ours_stays",
        "test_a_fit_is_captured",
    ),
    12: Promise(
        "autolog() called twice captures once; the last call counts",
        "test_three_times_is_once_and_the_last_call_counts",
        "test_a_fit_is_captured",
        "test_a_training_is_captured_and_nothing_of_ours_stays",
    ),
    13: Promise(
        "disable=True restores the originals, in any order of imports; wrappers of other libraries stay",
        "test_any_order_of_import_enable_and_disable",
        "test_the_very_original_comes_back",
        "test_a_fit_is_captured_and_nothing_of_ours_stays",
        "test_a_training_is_captured_and_nothing_of_ours_stays",
        "test_a_wrapper_of_somebody_elses_stays_and_ours_below_does_nothing",
    ),
    14: Promise(
        "Nothing is imported before you import it; absent frameworks are no error",
        "test_it_imports_no_framework_and_says_nothing",
        "test_without_any_framework_it_does_nothing_and_says_nothing",
        alike=True,
    ),
    15: Promise(
        "Safe in threads",
        "test_threads_that_come_and_go_leave_the_original",
        "test_fits_in_threads_are_a_run_each",
        "test_trainings_in_threads_are_a_run_each",
        "test_fifty_threads_turn_it_on_and_off",
    ),
    16: Promise(
        "Options for one framework override the general ones",
        "test_options_for_one_framework_win",
        "test_options_of_its_own_framework_are_known_before_it_is_imported",
        alike=True,
    ),
    17: Promise(
        "exclusive=True captures nothing while a run of yours is open",
        "test_exclusive_leaves_a_run_of_the_users_alone",
    ),
    18: Promise(
        "silent=True prints nothing, and does not touch other libraries' warnings",
        "test_when_we_fail_the_fit_runs_once",
        "test_when_we_fail_the_training_runs_once",
        "test_warnings_of_others_are_left_alone",
    ),
    19: Promise(
        "A framework version that was not tested gives one warning, and is captured",
        "test_a_version_that_was_not_tested_is_warned_of_once",
        alike=True,
    ),
    20: Promise(
        "Nothing is captured within chroma.disabled(), nor in a tuner's trials",
        "test_nothing_is_captured_while_disabled",
        "test_an_explicit_callback_wins_and_disabled_is_left_alone",
        "test_the_tuner_is_left_alone",
    ),
    21: Promise(
        "Your own ChromaCallback is used instead of autolog's; your list of callbacks is never changed",
        "test_an_explicit_callback_wins",
        "test_callbacks_in_every_form",
        "test_the_users_list_is_not_touched_and_callbacks_of_the_model_stay",
        "test_an_explicit_callback_wins_and_disabled_is_left_alone",
        "test_a_training_is_captured_and_nothing_of_ours_stays",
    ),
    22: Promise(
        "A run that you opened stays open while a training is captured",
        "test_a_run_of_the_users_stays_open_beside_a_captured_fit",
        "test_a_run_of_the_users_stays_open_beside_a_captured_training",
        "test_exclusive_leaves_a_run_of_the_users_alone",
    ),
    23: Promise(
        "A training within a training is not captured",
        "test_a_fit_within_a_fit_is_not_captured",
        "test_a_training_within_a_training_is_not_captured",
        "test_calls_within_a_call_get_no_callback",
    ),
    24: Promise(
        "A second training is a new run; each names its framework, and whether autolog captured it",
        "test_a_second_training_is_another_run_and_both_say_who_captured",
        "test_both_packages_in_one_program",
        "test_auto_takes_the_head_and_arguments_and_metrics_are_kept",
        "test_auto_takes_features_and_probabilities_and_never_calls_them_logits",
    ),
    25: Promise(
        "Weights, buffers, optimizer, random states and metrics are the same to the bit",
        "test_training_is_the_same_to_the_bit",
    ),
    26: Promise(
        "Hooks return nothing, and only ours are removed",
        "test_training_is_the_same_to_the_bit",
        "test_hooks_of_others_stay",
    ),
    27: Promise(
        "Nothing that cannot be pickled, copied or saved is left behind",
        "test_copies_and_pickles_of_the_callback_are_fresh",
        "test_copies_are_fresh",
        "test_the_model_can_be_saved_after_a_captured_fit",
        "test_copies_and_pickles_are_fresh",
    ),
    28: Promise(
        "Compiled models are captured by evaluating their original module separately",
        "test_compiled_models_are_evaluated_separately",
        "test_ways_of_compiling",
        "test_compiled_models_are_captured_before_and_after_their_first_call",
    ),
    29: Promise(
        "Several processes write one run, each sample once, or are refused; no collective operation is added",
        "test_two_processes_cover_every_sample_once",
        "test_spawned_processes_capture_too",
        "test_trainings_in_several_processes_are_refused",
        apart={BACKENDS["tensorflow"]: "Keras 3 itself fails in several processes of TensorFlow"},
    ),
    30: Promise(
        "Sanity checks and fast_dev_run are not captured; several loaders and resumed trainings are",
        "test_fast_dev_run_and_plain_validation_are_left_alone",
        "test_a_resumed_training_goes_on_with_its_epochs",
        "test_several_evaluation_datasets_and_evaluations_of_other_samples",
    ),
    31: Promise(
        "Keras works however it compiles, by epoch hooks alone; data that can be read once only are not read",
        "test_ways_of_compiling",
        "test_only_epoch_hooks_are_overridden",
        "test_mixed_precision",
        "test_a_generator_is_followed_on_its_way_into_the_training",
        apart=dict.fromkeys(("Lightning", "Hugging Face"), "it is about Keras"),
    ),
    32: Promise(
        "A forked child writes nothing, and says so; the wait at exit is limited; "
        "what a kill takes from memory is counted",
        "test_a_forked_child_never_writes",
        "test_logging_to_the_parents_run_from_a_fork_says_so",
        "test_what_a_kill_took_is_counted",
        "test_the_wait_at_exit_is_bounded",
        "test_an_unfinished_run_is_closed_at_exit",
        "test_killed_at_a_random_moment_every_snapshot_that_was_confirmed_is_whole",
        alike=True,
    ),
    33: Promise(
        "A full or broken disk does not stop a training; what is missing is counted",
        "test_a_disk_that_refuses_does_not_stop_training",
        "test_a_full_disk_is_warned_of_once_and_counted",
        "test_warnings_of_ours_are_logged_once_per_place",
    ),
    34: Promise(
        "NaN, half precision, tuples, tokens and images become vectors by a stated rule",
        "test_half_precision_is_captured",
        "test_mixed_precision",
        "test_tokens_are_averaged_where_they_are_valid",
        "test_layers_inside_nested_models_and_pooling_over_space",
    ),
    35: Promise(
        "The dashboard listens on this machine only, asks for a token, and executes nothing that it receives",
        "test_the_token_is_asked_of_everything_but_health",
        "test_only_this_machine_is_a_host",
        alike=True,
    ),
    36: Promise(
        "Random states that sources of samples own are put back; where they cannot be, none is read ahead",
        "test_a_source_that_was_read_goes_on_as_if_it_had_not_been",
        "test_what_cannot_be_put_back_is_not_read",
        "test_what_comes_out_differently_a_second_time_is_refused",
        "test_a_source_with_a_state_of_its_own_trains_the_same",
        "test_a_dataset_with_a_state_of_its_own_trains_the_same",
        "test_a_pipeline_with_a_state_of_its_own_trains_the_same",
        "test_a_transform_with_a_state_trains_the_same",
    ),
    37: Promise(
        "No damaged file, failed thread or full disk ends the dashboard; a damaged catalog is rebuilt",
        "test_ingest_begins_again",
        "test_films_are_asked_for_again",
        "test_the_worker_is_started_again_however_it_ended",
        "test_a_full_disk_is_shown_for_reading_only",
        "test_a_film_is_drawn_without_a_damaged_snapshot",
        "test_of_a_closed_home",
        alike=True,
    ),
    38: Promise(
        "What a browser sends to another port of this machine opens nothing, there or here",
        "test_another_port_gets_nothing",
        alike=True,
    ),
    39: Promise(
        "A reader sees what was finished before; a home that may only be read opens and stays as it is",
        "test_an_open_catalog_shows_what_was_finished_before_the_question",
        "test_a_home_that_may_only_be_read_opens_and_stays_as_it_is",
        alike=True,
    ),
    40: Promise(
        "What a collate_fn does is checked: rows that moved keep their ids, or that ids are unknown is said",
        "test_nothing_is_stored_of_another_sample",
        "test_ids_are_those_of_the_loader_within",
        "test_rows_that_a_collate_fn_moves_keep_their_ids",
        "test_rows_whose_samples_cannot_be_found_out_are_numbered_and_it_is_said",
        "test_rows_of_a_step_with_several_loaders_are_not_given_ids_of_one",
        "test_rows_that_a_collator_moves_keep_their_ids",
        apart=dict.fromkeys(BACKENDS.values(), "Keras's own arrays and datasets know no collate_fn"),
    ),
    41: Promise(
        "Under FSDP and DeepSpeed each process captures its own batches, and every sample in every epoch",
        "test_each_process_writes_the_rows_of_its_own_batches",
        "test_what_is_dealt_out_anew_is_followed_by_whoever_has_it",
        "test_names_are_those_of_the_users_modules",
        "test_watch_says_that_it_cannot_evaluate_them",
        "test_tensor_parallelism_is_refused",
        alike=True,
        apart=dict.fromkeys(BACKENDS.values(), "several processes of Keras are refused"),
    ),
    42: Promise(
        "What is kept of a training sample is what the model said of that very sample; "
        "of mixed ones no label is claimed",
        "test_every_training_sample_has_its_outputs",
        "test_of_mixed_samples_no_label_is_claimed",
        "test_rows_that_are_not_the_batchs_are_left_out",
        apart=dict.fromkeys(
            BACKENDS.values(),
            "Keras does not tell which samples its batches hold, so the train probe stands for them",
        ),
    ),
    43: Promise(
        "Alarms cost no record; they end no training unless you ask for it, and then the framework's own way",
        "test_an_error_of_ours_costs_alarms_and_no_record",
        "test_a_training_that_collapses_ends",
        "test_unless_it_was_asked_for",
        "test_an_alarm_ends_a_training_the_trainers_own_way",
        "test_an_alarm_ends_a_fit",
        alike=True,
    ),
}
