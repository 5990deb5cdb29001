//! Further repositories of a project: kept in order, each directory once, and not changed while an
//! agent is at work.

use domain::{Actor, Outcome, ProjectId, RepositoryId};
use store::{NewProject, NewRepository, NewTask, ProjectRecord, StoreError};
use testkit::{TempStore, ready_card};

use testkit::Raw;

fn project() -> NewProject {
    NewProject { name: "Web shop".into(), path: "/src/web shop".into() }
}

fn at(path: &str) -> NewRepository {
    NewRepository { directory: None, path: path.into() }
}

fn named(directory: &str, path: &str) -> NewRepository {
    NewRepository { directory: Some(directory.into()), path: path.into() }
}

fn directories(project: &ProjectRecord) -> Vec<&str> {
    project.repositories.iter().map(|repository| repository.directory.as_str()).collect()
}

#[tokio::test]
async fn a_project_comes_with_its_repositories_and_directories_of_their_own() {
    let store = TempStore::new().await;
    let paths = ["/src/api", "/other/api", "/old/Web Shop", "/x/artifacts"].map(at).into();
    let added = store.add_project_of(project(), paths, store.clock.tick()).await.unwrap();
    assert_eq!(added.directory(), "web shop");
    assert_eq!(directories(&added), ["api", "api-2", "Web Shop-2", "artifacts-2"]);
    assert_eq!(store.projects().await.unwrap(), std::slice::from_ref(&added));

    let more = store.add_repository(added.id, named("docs", "/src/docs"), store.clock.tick()).await.unwrap();
    assert_eq!(directories(&more), ["api", "api-2", "Web Shop-2", "artifacts-2", "docs"]);
    let first = more.repositories[0].id;
    store.edit_repository(first, Some("API".into()), None, store.clock.tick()).await.unwrap();
    let edited =
        store.edit_repository(first, None, Some("develop".into()), store.clock.tick()).await.unwrap();
    assert_eq!(
        (edited.repositories[0].directory.as_str(), edited.repositories[0].base.as_str()),
        ("API", "develop")
    );
    let fewer = store.remove_repository(first, store.clock.tick()).await.unwrap();
    assert_eq!(directories(&fewer), ["api-2", "Web Shop-2", "artifacts-2", "docs"]);
    store.add_repository(added.id, at("/src/api"), store.clock.tick()).await.unwrap();
    let kinds: Vec<_> =
        store.changes_after(5, 10).await.unwrap().into_iter().map(|change| change.kind).collect();
    let expected =
        ["added", "changed", "changed", "removed", "added"].map(|verb| format!("repository.{verb}"));
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn what_is_taken_is_refused_and_nothing_of_it_is_kept() {
    let store = TempStore::new().await;
    let twice = ["/src/api", "/src/api"].map(at).into();
    let refused = store.add_project_of(project(), twice, store.clock.tick()).await.unwrap_err();
    assert_eq!(refused.to_string(), "/src/api is already a repository of this project");
    assert_eq!(store.projects().await.unwrap(), []);

    let added = store.add_project_of(project(), vec![at("/src/api")], store.clock.tick()).await.unwrap();
    for (new, said) in [
        (named("Api", "/b"), "the directory “Api” is taken by another repository of this project"),
        (named("WEB SHOP", "/b"), "the directory “WEB SHOP” is taken by another repository of this project"),
        (named("b", "/src/api"), "/src/api is already a repository of this project"),
    ] {
        let refused = store.add_repository(added.id, new, store.clock.tick()).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Conflict(text) if text == said), "{refused}");
    }
    let own = added.repositories[0].id;
    let renamed = store.edit_repository(own, Some("web Shop".into()), None, store.clock.tick()).await;
    assert!(matches!(renamed, Err(StoreError::Conflict(_))), "{renamed:?}");
    assert_eq!(store.project(added.id).await.unwrap(), added);
    // Another project may have the same one.
    let other = NewProject { name: "other".into(), path: "/other".into() };
    store.add_project_of(other, vec![at("/src/api")], store.clock.tick()).await.unwrap();
}

#[tokio::test]
async fn while_an_agent_is_at_work_the_list_stays() {
    let store = TempStore::new().await;
    let added = store.add_project_of(project(), vec![at("/src/api")], store.clock.tick()).await.unwrap();
    let card = NewTask { project: Some(added.id), ..ready_card("busy") };
    let task = store.add_task(card, Actor::Person, store.clock.tick()).await.unwrap();
    let run = store.begin(task).await;
    let own = added.repositories[0].id;
    let refusals = [
        store.add_repository(added.id, at("/b"), store.clock.tick()).await,
        store.edit_repository(own, Some("b".into()), None, store.clock.tick()).await,
        store.remove_repository(own, store.clock.tick()).await,
    ];
    for refused in refusals {
        let said = refused.unwrap_err().to_string();
        assert_eq!(said, "an agent is at work on T-1 of this project; its repositories change when none is");
    }
    assert_eq!(store.project(added.id).await.unwrap().repositories, added.repositories);
    store.end(run, Outcome::Stopped).await;
    assert_eq!(store.remove_repository(own, store.clock.tick()).await.unwrap().repositories, []);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let store = TempStore::new().await;
    let added = store.add_project_of(project(), vec![at("/src/api")], store.clock.tick()).await.unwrap();
    let nowhere = store.add_repository(ProjectId(9), at("/b"), 0).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { what: "project", .. })), "{nowhere:?}");
    store.remove_project(added.id, store.clock.tick()).await.unwrap();
    for id in [RepositoryId(9), added.repositories[0].id] {
        let gone = store.remove_repository(id, 0).await;
        assert!(matches!(gone, Err(StoreError::NotFound { what: "repository", .. })), "{gone:?}");
    }
}

#[tokio::test]
async fn the_database_refuses_directories_that_are_none() {
    let store = TempStore::new().await;
    store.add_project_of(project(), vec![at("/src/api")], store.clock.tick()).await.unwrap();
    let mut raw = Raw::open(&store).await;
    let insert = |project: i64, directory: &str| {
        format!(
            "INSERT INTO project_repositories (project_id, directory, path, base, added_at) VALUES ({project}, '{directory}', x'2f', '', 5)"
        )
    };
    for directory in ["", ".", "..", ".git", "a/b", &"x".repeat(65)] {
        let said = raw.refusal(&insert(1, directory)).await.expect("refused");
        assert!(said.contains("CHECK"), "{directory}: {said}");
    }
    assert!(raw.refusal(&insert(1, "API")).await.expect("refused").contains("UNIQUE"));
    assert!(raw.refusal(&insert(9, "b")).await.expect("refused").contains("FOREIGN KEY"));
    assert_eq!(raw.refusal(&insert(1, "b")).await, None);
}
