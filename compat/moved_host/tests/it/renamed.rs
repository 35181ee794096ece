//! A plug-in project that came over from Extism: the dependency has another package, and nothing
//! else changed.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use extism::{
    CallError, Function, LoadError, Manifest, PTR, Plugin, UserData, Wasm, convert::Json, host_fn,
};
use serde_json::{Value, json};

host_fn!(zone(country: String) -> Json<u32> {
    Ok(Json(if country == "NZ" { 3 } else { 1 }))
});

host_fn!(announce(announced: Vec<Value>; postage: Json<Value>) {
    announced.get()?.lock().expect("nothing panics with the lock").push(postage.0);
    Ok(())
});

host_fn!(surcharge(grams: u32, zone: u32) -> Json<Value> {
    Ok(Json(json!({ "cents": grams * zone })))
});

/// The plug-in as `cargo xtask guests` leaves it.
fn manifest() -> Manifest {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests");
    let folder = env::var_os("PLUGSMITH_GUESTS").map_or_else(beside, PathBuf::from);
    Manifest::new([Wasm::file(folder.join("renamed.wasm"))])
}

/// The plug-in with the functions of its host, and what it announces to that host.
fn plugin() -> (Plugin, UserData<Vec<Value>>) {
    let announced = UserData::new(Vec::new());
    let functions = [
        Function::new("zone", [PTR], [PTR], UserData::new(()), zone),
        Function::new("announce", [PTR], [], announced.clone(), announce),
        Function::new("surcharge", [PTR, PTR], [PTR], UserData::new(()), surcharge)
            .with_namespace("parcel:desk"),
    ];
    let manifest = manifest().with_config_key("base_cents", "250");
    let plugin = Plugin::new(manifest, functions, false).expect("the example plug-in loads");
    (plugin, announced)
}

/// What was announced so far.
fn list(announced: &UserData<Vec<Value>>) -> Vec<Value> {
    let lock = announced.get().expect("the data is there");
    let list = Arc::clone(&lock);
    let list = list.lock().expect("nothing panics with the lock");
    list.clone()
}

#[test]
fn typed_exports_call_the_host_and_are_called_by_it() {
    let (mut plugin, announced) = plugin();
    let rows = [("NZ", 20, 310), ("DE", 20, 270), ("NZ", 0, 250)];
    for (country, grams, cents) in rows {
        let parcel = Json(json!({ "country": country, "grams": grams }));
        let Json(postage) = plugin
            .call::<Json<Value>, Json<Value>>("postage", parcel)
            .expect("every parcel has a postage");
        assert_eq!(postage, json!({ "cents": cents }), "{country} {grams}");
    }
    let expected = rows.map(|(_, _, cents)| json!({ "cents": cents }));
    assert_eq!(list(&announced), expected);
}

#[test]
fn a_refusal_has_the_plug_ins_message_and_status() {
    let (mut plugin, _) = plugin();
    plugin.call::<&str, ()>("check", "30000").expect("30 kg are not too heavy");
    let err = plugin.call::<&str, ()>("check", "30001").unwrap_err();
    let Some(CallError::Guest { message, status: 30, .. }) = err.downcast_ref() else {
        panic!("{err:?}");
    };
    assert!(message.starts_with("too heavy"), "{message}");
}

#[test]
fn exports_by_hand_say_what_typed_ones_say() {
    let (mut plugin, _) = plugin();
    for export in ["label", "label_or_error"] {
        for (grams, heavy) in [(2_000, false), (2_001, true)] {
            let parcel = Json(json!({ "grams": grams }));
            let Json(label) = plugin
                .call::<Json<Value>, Json<Value>>(export, parcel)
                .expect("every parcel has a label");
            assert_eq!(label, json!({ "heavy": heavy }), "{export} {grams}");
        }
    }
    let err = plugin.call::<&str, String>("label", "no parcel").unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::Status { status: 2, .. })), "{err:?}");
    let err = plugin.call::<&str, String>("label_or_error", "no parcel").unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::Guest { status: -1, .. })), "{err:?}");
}

#[test]
fn the_hosts_own_functions_are_at_hand() {
    let (mut plugin, _) = plugin();
    for (input, output) in [("", ""), ("a", "a"), ("parcel", "lecrap"), ("123456789", "987654321")]
    {
        let reversed: String = plugin.call("reverse", input).expect("text can be turned around");
        assert_eq!(reversed, output);
    }
}

#[test]
fn a_host_without_the_functions_is_told_which() {
    let err = Plugin::new(manifest(), [], false).unwrap_err();
    let Some(LoadError::UnknownImport { namespace, name, .. }) = err.downcast_ref() else {
        panic!("{err:?}");
    };
    let wanted = [
        ("extism:host/user", "zone"),
        ("extism:host/user", "announce"),
        ("parcel:desk", "surcharge"),
    ];
    assert!(wanted.contains(&(namespace.as_str(), name.as_str())), "{err}");
}
