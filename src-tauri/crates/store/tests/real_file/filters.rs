//! Saved filters: kept by name, replaced, removed, and told to whoever listens.

use domain::filter::{DueIn, FILTERS_MAX, Filter};
use testkit::TempStore;

fn words(text: &str) -> Filter {
    Filter { text: text.into(), ..Filter::default() }
}

#[tokio::test]
async fn a_filter_is_found_by_its_name_in_any_case_and_replaced_by_it() {
    let store = TempStore::new().await;
    let whole = Filter {
        text: "lexer".into(),
        tags: vec!["bug".into()],
        project: None,
        agent: Some("codex".into()),
        priority: Some(domain::Priority::from_level(7).unwrap()),
        due: Some(DueIn::Week),
    };
    let mut told = store.committed();
    store.put_filter("Mine".into(), whole.clone(), store.clock.tick()).await.unwrap();
    assert!(told.recv().await.unwrap().settings);
    assert_eq!(store.filter("mine").await.unwrap(), ("Mine".into(), whole));
    store.put_filter("MINE".into(), words("a"), store.clock.tick()).await.unwrap();
    assert_eq!(store.filters().await.unwrap(), [("MINE".to_owned(), words("a"))]);
    store.remove_filter("mine".into(), store.clock.tick()).await.unwrap();
    for missing in [
        store.remove_filter("mine".into(), store.clock.tick()).await.unwrap_err(),
        store.filter("mine").await.unwrap_err(),
    ] {
        assert_eq!(missing.to_string(), "filter mine does not exist");
    }
}

#[tokio::test]
async fn there_is_an_end_to_how_many_are_kept() {
    let store = TempStore::new().await;
    for n in 0..FILTERS_MAX {
        store.put_filter(n.to_string(), words("a"), store.clock.tick()).await.unwrap();
    }
    let refused = store.put_filter("more".into(), words("a"), store.clock.tick()).await.unwrap_err();
    assert_eq!(refused.to_string(), "at most 100 filters are kept; remove one first");
    store.put_filter("7".into(), words("b"), store.clock.tick()).await.unwrap();
}
