//! The mock host itself: one for each thread, and the one before comes back.

use plugsmith_pdk::testing::MockHost;
use plugsmith_pdk::{config, var};

#[test]
fn the_host_before_comes_back() {
    let outer = MockHost::new().with_config("where", "outer").with_var("kept", "1");
    {
        let inner = MockHost::new().with_config("where", "inner");
        assert_eq!(config::get("where").unwrap().as_deref(), Some("inner"));
        assert_eq!(inner.var("kept"), None);
    }
    assert_eq!(config::get("where").unwrap().as_deref(), Some("outer"));
    assert_eq!(outer.var("kept"), Some(b"1".to_vec()));
}

#[test]
fn threads_do_not_see_each_other() {
    let _host = MockHost::new().with_config("where", "here");
    let elsewhere = std::thread::spawn(|| config::get("where").unwrap());
    assert_eq!(elsewhere.join().ok(), Some(None));
}

#[test]
fn without_a_mock_there_is_an_empty_host() {
    assert_eq!(config::get("where").unwrap(), None);
    var::set("kept", "1").unwrap();
    assert_eq!(MockHost::new().var("kept"), None);
    var::remove("kept").unwrap();
}
