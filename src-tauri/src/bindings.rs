//! The typed commands, and the TypeScript that is generated from them.

use tauri_specta::{Builder, ErrorHandlingMode, collect_commands};

use crate::commands;

pub fn builder() -> Builder<tauri::Wry> {
    Builder::<tauri::Wry>::new().error_handling(ErrorHandlingMode::Throw).disable_serde_phases().commands(
        collect_commands![
            commands::board::get_overview,
            commands::board::get_board,
            commands::board::get_cards,
            commands::board::list_cards,
            commands::board::get_status,
            commands::board::read_events,
            commands::board::clean_up,
            commands::board::export_records,
            commands::board::import_records,
            commands::board::sync_issues,
            commands::board::sync_github,
            commands::board::get_github,
            commands::board::read_vibe_kanban,
            commands::tasks::add_task,
            commands::tasks::edit_task,
            commands::tasks::move_task,
            commands::tasks::trash_task,
            commands::tasks::restore_task,
            commands::tasks::delete_task,
            commands::tasks::empty_trash,
            commands::tasks::get_task,
            commands::tasks::find_task,
            commands::tasks::get_timeline,
            commands::tasks::add_comment,
            commands::belongings::set_parent,
            commands::belongings::add_attachment,
            commands::belongings::remove_attachment,
            commands::belongings::restore_attachment,
            commands::belongings::read_attachment,
            commands::belongings::list_filters,
            commands::belongings::put_filter,
            commands::belongings::remove_filter,
            commands::belongings::find_cards,
            commands::runs::start_run,
            commands::runs::start_next,
            commands::runs::stop_run,
            commands::runs::get_run,
            commands::runs::wait_run,
            commands::runs::send_input,
            commands::runs::read_log,
            commands::runs::read_lines,
            commands::runs::search_log,
            commands::runs::get_changes,
            commands::runs::get_diff,
            commands::runs::remove_workspace,
            commands::runs::restore_workspace,
            commands::runs::read_artifact,
            commands::projects::add_project,
            commands::projects::edit_project,
            commands::projects::remove_project,
            commands::projects::add_repository,
            commands::projects::edit_repository,
            commands::projects::remove_repository,
            commands::projects::list_projects,
            commands::projects::find_repositories,
            commands::agents::list_agents,
            commands::agents::list_roles,
            commands::agents::register_agent,
            commands::agents::remove_agent,
            commands::agents::heartbeat_agent,
            commands::agents::try_agent,
            commands::agents::doctor,
            commands::settings::get_settings,
            commands::settings::put_settings,
            commands::queue::claim_task,
            commands::queue::heartbeat_run,
            commands::queue::finish_run,
            commands::queue::hand_out_task,
            commands::queue::check_run,
            commands::held::get_my_task,
            commands::held::report_progress,
            commands::held::ask_person,
            commands::held::get_answer,
            commands::held::add_artifact,
            commands::held::create_subtask,
            commands::held::hand_off,
            commands::held::depend_on,
            commands::held::list_results,
            commands::held::read_result,
            commands::queue::queue_task,
            commands::queue::add_dependency,
            commands::queue::remove_dependency,
            commands::queue::get_plan,
            commands::queue::get_queue_policy,
            commands::queue::put_queue_policy,
            commands::queue::reset_breaker,
            commands::queue::resume_workflow,
            commands::queue::review_task,
            commands::schedules::list_schedules,
            commands::schedules::preview_schedule,
            commands::schedules::put_schedule,
            commands::schedules::pause_schedule,
            commands::schedules::resume_schedule,
            commands::schedules::remove_schedule,
            commands::schedules::restore_schedule,
            commands::schedules::run_schedule,
            commands::keys::create_key,
            commands::keys::list_keys,
            commands::keys::revoke_key,
            commands::outside::list_tasks,
            commands::outside::put_task,
            commands::outside::get_outcomes,
            commands::outside::list_changes,
            commands::outside::enroll_agent,
            commands::webhooks::add_webhook,
            commands::webhooks::edit_webhook,
            commands::webhooks::remove_webhook,
            commands::webhooks::list_webhooks,
            commands::webhooks::test_webhook,
            commands::webhooks::list_deliveries,
            commands::webhooks::resend_delivery,
            commands::window::subscribe,
            commands::window::follow_links,
            commands::window::starts_at_login,
            commands::window::start_at_login,
            commands::window::update_source,
            commands::window::look_for_update,
            commands::window::install_update,
            commands::window::pick_folder,
            commands::window::pick_file,
            commands::window::save_board,
            commands::window::save_artifact,
            commands::window::save_attachment,
            commands::window::open_path,
            commands::window::open_url,
            commands::terminal::terminal_input,
            commands::terminal::terminal_ack,
            commands::terminal::terminal_resize,
            commands::terminal::terminal_visible,
            commands::terminal::close_terminal,
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_names::COMMANDS;

    fn generated() -> String {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bindings.ts");
        builder().export(specta_typescript::Typescript::default(), &file).unwrap();
        std::fs::read_to_string(file).unwrap()
    }

    /// `npm run bindings` writes the file; everybody else only compares.
    #[test]
    fn the_generated_bindings_are_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/bindings.ts");
        let fresh = generated();
        if std::env::var_os("FLIGHTBOARD_WRITE_BINDINGS").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == fresh, "ui/src/bindings.ts is stale; run `npm run bindings`");
    }

    #[test]
    fn every_operation_is_a_command_of_the_window() {
        let missing: Vec<_> = app::OPERATIONS
            .iter()
            .map(|operation| operation.name)
            .filter(|name| !COMMANDS.contains(name))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn the_capability_lists_exactly_the_commands() {
        let file = include_str!("../capabilities/board.json");
        let capability: serde_json::Value = serde_json::from_str(file).unwrap();
        let allowed: Vec<&str> =
            capability["permissions"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        let expected: Vec<String> =
            COMMANDS.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
        assert_eq!(allowed, expected);
    }
}
