//! The door for the same user's programs.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use flightboard_http::open_socket;

use crate::rig::{Ask, Board, through_socket};

#[tokio::test]
async fn a_socket_is_its_owners_alone_and_asks_for_no_key() {
    let board = Board::open().await;
    let path = board.dir.path().join("engine.sock");
    let mut door = open_socket(board.app.clone(), &path).unwrap();
    let socket = std::fs::metadata(&path).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let answer = through_socket(&path, &Ask::rpc("get_overview", "{}").host("flightboard")).await;
    assert_eq!(answer.status, 200);
    let page = through_socket(&path, &Ask::get("/").host("flightboard")).await;
    assert_eq!(page.status, 404, "the page is the browser's");
    door.close().await;
    door.close().await;
    board.close().await;
}

#[tokio::test]
async fn a_path_longer_than_a_sockets_name_will_do() {
    let board = Board::open().await;
    let folder = board.dir.path().join("a-rather-long-folder-name/".repeat(6));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("engine.sock");
    assert!(path.as_os_str().len() > 108);
    let mut door = open_socket(board.app.clone(), &path).unwrap();
    let answer = through_socket(&path, &Ask::rpc("get_overview", "{}").host("flightboard")).await;
    assert_eq!(answer.status, 200);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["engine.sock"], "nothing half made lies beside it");
    door.close().await;
    board.close().await;
}

#[tokio::test]
async fn a_socket_that_a_crash_left_is_replaced() {
    let board = Board::open().await;
    let path = board.dir.path().join("engine.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let mut door = open_socket(board.app.clone(), &path).unwrap();
    let answer = through_socket(&path, &Ask::rpc("get_overview", "{}").host("flightboard")).await;
    assert_eq!(answer.status, 200);
    door.close().await;
    board.close().await;
}
