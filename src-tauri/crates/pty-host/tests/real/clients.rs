//! Several clients, rude clients, dying clients: the run does not notice.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::rig::{Run, actor, sh};
use flightboard_pty_host::protocol::{MAX_FRAME, MAX_INPUT, Notice, Phase, Request};
use flightboard_pty_host::{AsyncClient, Client, ClientError, ConnectError, Liveness, alive};

fn raw(run: &Run) -> UnixStream {
    UnixStream::connect(run.dir.join("sock")).expect("a short path")
}

fn wire(requests: &[Request]) -> Vec<u8> {
    let mut bytes = Vec::new();
    requests.iter().for_each(|request| request.encode(&mut bytes));
    bytes
}

const HELLO: Request = Request::Hello { protocol: 1, min_protocol: 1 };

#[test]
fn several_clients_see_the_same_and_type_into_the_same() {
    let run = Run::start(&sh("while read line; do echo \"got <$line>\"; done"));
    let mut clients: Vec<Client> = (0..8).map(|_| run.client()).collect();
    assert_eq!(clients[0].status().unwrap().clients, 8);
    for (number, client) in clients.iter_mut().enumerate() {
        client.input(format!("from {number}\n").as_bytes()).unwrap();
        run.log_with(&format!("got <from {number}>"));
    }
    clients[3].input(b"\x04").unwrap();
    let ends: Vec<_> = clients.iter_mut().map(|client| client.wait_for_exit().unwrap()).collect();
    assert!(ends.iter().all(|exit| *exit == ends[0] && exit.code == Some(0)));
}

#[test]
fn grown_comes_once_for_each_watch() {
    let run = Run::start(&sh("read a; echo one; read b; echo two; read c"));
    let mut client = run.client();
    client.watch(0).unwrap();
    client.input(b"\n").unwrap();
    run.log_with("one");
    assert!(matches!(client.notice().unwrap(), Notice::Grown { .. }));
    client.input(b"\n").unwrap();
    run.log_with("two");
    // Had the second growth been told without being asked for, it would come before this answer.
    client.status().unwrap();
    client.stop(Duration::ZERO).unwrap();
    assert!(matches!(client.notice().unwrap(), Notice::Exited(_)));
}

#[test]
fn a_watch_behind_the_log_is_answered_at_once() {
    let run = Run::start(&sh("echo there; read a"));
    run.log_with("there");
    let mut client = run.client();
    client.watch(0).unwrap();
    assert_eq!(client.notice().unwrap(), Notice::Grown { len: 7 });
}

#[test]
fn malformed_frames_cost_their_sender_the_connection_and_nobody_else_anything() {
    let run = Run::start(&sh("while read line; do echo \"got <$line>\"; done"));
    let mut witness = run.client();
    let bad: Vec<Vec<u8>> = vec![
        vec![255; 64],
        vec![0, 0, 0, 0, 99],
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        wire(&[Request::Status]),
        wire(&[HELLO, HELLO]),
        [wire(&[HELLO]), vec![2, 0, 0, 0, 4, b'{', b'}']].concat(),
        [wire(&[HELLO]), ((MAX_FRAME + 1) as u32).to_le_bytes().to_vec(), vec![3]].concat(),
    ];
    for bytes in bad {
        let mut rude = raw(&run);
        rude.write_all(&bytes).unwrap();
        // The end of the stream, by whatever name, and not an answer for ever.
        let _ = rude.read_to_end(&mut Vec::new());
    }
    while witness.status().unwrap().clients > 1 {}
    witness.input(b"fine\n").unwrap();
    run.log_with("got <fine>");
    assert_eq!(run.host_log(), "");
}

#[test]
fn a_client_from_another_age_is_told_so() {
    let run = Run::start(&sh("read a"));
    let mut stranger = raw(&run);
    stranger.write_all(&wire(&[Request::Hello { protocol: 99, min_protocol: 98 }])).unwrap();
    let mut answer = Vec::new();
    stranger.read_to_end(&mut answer).unwrap();
    let mut frames = flightboard_pty_host::protocol::Frames::default();
    frames.push(&answer);
    let notice = Notice::decode(frames.take().unwrap().unwrap()).unwrap();
    assert!(matches!(notice, Notice::Refused { reason } if reason.contains("98 to 99")));
}

#[test]
fn the_sixty_fifth_client_is_told_why_it_may_not_come_in() {
    let run = Run::start(&sh("read a"));
    let first: Vec<Client> = (0..64).map(|_| run.client()).collect();
    assert!(matches!(Client::connect(&run.dir), Err(ConnectError::Refused(reason)) if reason.contains("64")));
    drop(first);
    // The host forgets them one by one.
    while Client::connect(&run.dir).is_err() {}
}

#[test]
fn clients_that_die_in_the_middle_of_anything_are_forgotten() {
    let run = Run::start(&sh("while read line; do echo \"got <$line>\"; done"));
    let whole = wire(&[
        HELLO,
        Request::Watch { beyond: 0 },
        Request::Resize { cols: 90, rows: 30 },
        Request::Read { offset: 0, len: 100_000 },
        Request::Status,
    ]);
    let mut witness = run.client();
    for cut in 0..=whole.len() {
        let mut dying = raw(&run);
        // It may have been turned away already: so many die faster than they can be forgotten.
        let _ = dying.write_all(&whole[..cut]);
    }
    witness.input(b"fine\n").unwrap();
    // Through the connection that is there: a new one might be one too many yet.
    while !String::from_utf8_lossy(&witness.read(0, 1 << 18).unwrap()).contains("got <fine>") {}
    while witness.status().unwrap().clients > 1 {}
}

#[test]
fn a_client_that_asks_and_never_reads_holds_up_nobody() {
    let run = Run::start(&sh(
        "stty raw; head -c 600000 /dev/zero | tr '\\0' a; printf ready.; stty sane; read line; echo \"got <$line>\"; read x",
    ));
    run.log_once("the log", |text| text.ends_with("ready."));
    let mut greedy = raw(&run);
    greedy.set_nonblocking(true).unwrap();
    let reads: Vec<Request> =
        std::iter::once(HELLO).chain((0..2000).map(|_| Request::Read { offset: 0, len: 1 << 20 })).collect();
    let _ = greedy.write_all(&wire(&reads));
    let mut witness = run.client();
    witness.input(b"fine\n").unwrap();
    run.log_with("got <fine>");
    let memory = private_kib(run.spawned.host_pid);
    assert!(memory < 8 << 10, "{memory} KiB for 500 MB of unread answers");
}

pub fn private_kib(pid: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let private =
        rollup.lines().filter(|line| line.starts_with("Private_Clean") || line.starts_with("Private_Dirty"));
    private.map(|line| line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn input_for_an_agent_that_does_not_read_is_refused_whole_when_too_much_waits() {
    let run = Run::start(&actor(&["deaf"]));
    run.log_with("deaf.");
    let mut client = run.client();
    client.input(&vec![b'x'; MAX_INPUT]).unwrap();
    client.input(&vec![b'y'; 100_000]).unwrap();
    assert_eq!(client.notice().unwrap(), Notice::InputRefused { bytes: 100_000 });
    let status = client.status().unwrap();
    assert!(status.input_waiting > 0 && status.input_waiting <= MAX_INPUT as u64);
    assert_eq!(status.phase, Phase::Running);
    assert_eq!(run.stop(Duration::ZERO).signal, Some(15), "and it can still be stopped");
}

#[test]
fn who_comes_too_late_gets_the_exit_and_who_comes_for_nothing_is_told() {
    let run = Run::start(&sh("exit 6"));
    let exit = run.exit();
    assert!(matches!(Client::connect(&run.dir), Err(ConnectError::Ended(found)) if *found == exit));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Client::connect(empty.path()), Err(ConnectError::NobodyThere)));
    assert!(matches!(Client::connect(Path::new("/nowhere")), Err(ConnectError::NobodyThere)));
}

#[test]
fn a_killed_host_hangs_up() {
    let run = Run::start(&sh("read a"));
    let mut client = run.client();
    let host = rustix::process::Pid::from_raw(run.spawned.host_pid as i32).unwrap();
    rustix::process::kill_process(host, rustix::process::Signal::KILL).unwrap();
    assert!(matches!(client.notice(), Err(ClientError::HungUp)));
    assert!(matches!(Client::connect(&run.dir), Err(ConnectError::NobodyThere)));
}

#[test]
fn the_socket_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let run = Run::start(&sh("read a"));
    for name in ["sock", "output.log", "timing.idx", "host.json", "launch.json", "host.log"] {
        let mode = std::fs::metadata(run.dir.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

mod with_tokio {
    use super::*;

    #[tokio::test]
    async fn the_asynchronous_client_follows_a_flood_to_its_last_byte_and_then_hears_the_exit() {
        let run = Run::start(&actor(&["flood", "20000000"]));
        let (client, mut notices) = AsyncClient::connect(&run.dir).await.unwrap();
        let mut seen = 0;
        let exit = loop {
            match notices.recv().await.expect("an exit comes before the end") {
                Notice::Grown { len } => {
                    assert!(len >= seen);
                    seen = len;
                }
                Notice::Exited(exit) => break exit,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((seen, exit.output_bytes), (20_000_000, 20_000_000));
        assert!(notices.recv().await.is_none());
        assert!(matches!(client.status().await, Err(ClientError::HungUp)));
    }

    #[tokio::test]
    async fn it_types_resizes_reads_and_stops() {
        let run = Run::start(&actor(&["winch"]));
        let (client, mut notices) = AsyncClient::connect(&run.dir).await.unwrap();
        assert_eq!(client.welcome().agent_pid, run.spawned.agent_pid);
        client.resize(101, 31).await.unwrap();
        while notices.recv().await.unwrap() != (Notice::Resized { cols: 101, rows: 31 }) {}
        assert_eq!(client.status().await.unwrap().cols, 101);
        loop {
            let text = client.read(0, 1000).await.unwrap();
            if String::from_utf8_lossy(&text).contains("size=101x31.") {
                break;
            }
            notices.recv().await.unwrap();
        }
        client.input(b"hello\n").await.unwrap();
        client.stop(Duration::ZERO).await.unwrap();
        while !matches!(notices.recv().await.expect("the exit"), Notice::Exited(_)) {}
    }

    /// Between its claim and its door it writes some files.
    #[tokio::test]
    async fn a_host_on_its_way_to_its_door_is_waited_for() {
        let run = Run::start(&sh("read a"));
        let begun = tempfile::tempdir().unwrap();
        std::fs::copy(run.dir.join("host.json"), begun.path().join("host.json")).unwrap();
        let opens = async {
            let door = tokio::net::UnixListener::bind(begun.path().join("sock")).unwrap();
            door.accept().await.unwrap();
        };
        tokio::select! {
            biased;
            answer = AsyncClient::connect(begun.path()) => panic!("not waited for: {:?}", answer.err()),
            () = opens => {}
        }
    }

    #[tokio::test]
    async fn nobody_is_there_only_once_the_killed_host_is_gone() {
        let run = Run::start(&sh("read a"));
        let (_client, mut notices) = AsyncClient::connect(&run.dir).await.unwrap();
        let host = rustix::process::Pid::from_raw(run.spawned.host_pid as i32).unwrap();
        rustix::process::kill_process(host, rustix::process::Signal::KILL).unwrap();
        while notices.recv().await.is_some() {}
        assert!(matches!(AsyncClient::connect(&run.dir).await, Err(ConnectError::NobodyThere)));
        assert!(matches!(alive(&run.dir).unwrap(), Liveness::Gone(_)));
    }

    #[tokio::test]
    async fn a_listener_that_does_not_listen_costs_nothing_and_blocks_no_request() {
        let run = Run::start(&sh("yes | head -c 5000000; read a"));
        let (client, notices) = AsyncClient::connect(&run.dir).await.unwrap();
        while client.status().await.unwrap().log_len < 5_000_000 {}
        assert!(notices.len() <= notices.max_capacity());
        let big = vec![b'k'; 1 << 20];
        client.input(&big).await.unwrap();
        client.stop(Duration::ZERO).await.unwrap();
    }
}
