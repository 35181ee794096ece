//! The scenes: what is typed in each, and what lies in its folder before.

/// A scene of the guide.
pub(super) struct Scene {
    /// The name of its file.
    pub(super) name: &'static str,
    /// Files that are there when it begins.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// What is typed before anybody looks.
    pub(super) before: &'static [&'static str],
    /// What is typed for all to see.
    pub(super) shown: &'static [&'static str],
    /// Whether most of what is printed was measured.
    pub(super) has_figures: bool,
}

impl Scene {
    /// A scene in an empty folder.
    const fn new(name: &'static str, shown: &'static [&'static str]) -> Self {
        Self { name, files: &[], before: &[], shown, has_figures: false }
    }

    /// With this typed before.
    const fn after(self, before: &'static [&'static str]) -> Self {
        Self { before, ..self }
    }

    /// With figures, which differ each time.
    const fn with_figures(self) -> Self {
        Self { has_figures: true, ..self }
    }

    /// With these files in the folder.
    const fn with_files(self, files: &'static [(&'static str, &'static str)]) -> Self {
        Self { files, ..self }
    }
}

const NEW: &str = "plugsmith new hello --lang wat";

/// What leads to a project that is built.
const BUILT: &[&str] = &[NEW, "cd hello", "plugsmith build"];

/// A plug-in that needs several things of its host.
const NEEDY: &str = r#"(module
  (import "extism:host/env" "config_get" (func (param i64) (result i64)))
  (import "extism:host/env" "http_request" (func (param i64 i64) (result i64)))
  (import "extism:host/user" "price_of" (func (param i64) (result i64)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "discount") (result i32) (i32.const 0)))
"#;

const WRONG_CASE: &str = r#"[[case]]
name = "greets by name"
export = "greet"
input = "Ada"
output = "Good day, Ada!"
"#;

const WRONG_MANIFEST: &str = r#"timeout = 500

[[wasm]]
path = "plugin.wasm"
"#;

pub(super) const SCENES: &[Scene] = &[
    Scene::new("help", &["plugsmith --help"]),
    Scene::new("help-new", &["plugsmith new --help"]),
    Scene::new("help-build", &["plugsmith build --help"]),
    Scene::new("help-test", &["plugsmith test --help"]),
    Scene::new("help-call", &["plugsmith call --help"]),
    Scene::new("help-inspect", &["plugsmith inspect --help"]),
    Scene::new("help-validate", &["plugsmith validate --help"]),
    Scene::new("help-bench", &["plugsmith bench --help"]),
    Scene::new("help-repl", &["plugsmith repl --help"]),
    Scene::new("help-serve", &["plugsmith serve --help"]),
    Scene::new("help-push", &["plugsmith push --help"]),
    Scene::new("help-pull", &["plugsmith pull --help"]),
    Scene::new("help-run", &["plugsmith run --help"]),
    Scene::new("help-watch", &["plugsmith watch --help"]),
    Scene::new("help-precompile", &["plugsmith precompile --help"]),
    Scene::new("help-sign", &["plugsmith sign --help"]),
    Scene::new("help-verify", &["plugsmith verify --help"]),
    Scene::new("help-cache", &["plugsmith cache --help"]),
    Scene::new("help-doctor", &["plugsmith doctor --help"]),
    Scene::new("help-completions", &["plugsmith completions --help"]),
    Scene::new("new", &[NEW]),
    Scene::new("new-host", &["plugsmith new my-host --host rust"]),
    Scene::new("build", &["cd hello", "plugsmith build"]).after(&[NEW]),
    Scene::new("test", &["plugsmith test"]).after(BUILT),
    Scene::new(
        "call",
        &[
            "plugsmith call plugin.wasm greet --input Ada",
            "plugsmith call plugin.wasm greet --input Ada --config 'greeting=Kia ora'",
            "plugsmith call plugin.wasm count --input 'one two three'",
        ],
    )
    .after(BUILT),
    Scene::new("error", &["plugsmith call plugin.wasm gret --input Ada"]).after(BUILT),
    Scene::new("report", &["plugsmith call plugin.wasm greet --input Ada --report"]).after(BUILT),
    Scene::new("bench", &["plugsmith bench plugin.wasm greet --input Ada --calls 10000"])
        .after(BUILT)
        .with_figures(),
    Scene::new(
        "jsonl",
        &["plugsmith call plugin.wasm greet --jsonl --input-file ../names.txt --jobs 2"],
    )
    .after(BUILT)
    .with_files(&[("names.txt", "Ada\n\nZoe\n")]),
    Scene::new(
        "serve",
        &[
            "plugsmith serve plugin.wasm",
            "curl --data Ada http://127.0.0.1:8080/greet",
            "curl --data 'one two three' http://127.0.0.1:8080/count",
            "curl --data '' http://127.0.0.1:8080/greet",
            "curl http://127.0.0.1:8080/readyz",
        ],
    )
    .after(BUILT),
    Scene::new("test-failure", &["plugsmith test --no-build ../wrong.toml"])
        .after(BUILT)
        .with_files(&[("wrong.toml", WRONG_CASE)]),
    Scene::new("inspect", &["plugsmith inspect discount.wat"])
        .with_files(&[("discount.wat", NEEDY)]),
    Scene::new("validate", &["plugsmith validate discount.wat"])
        .with_files(&[("discount.wat", NEEDY)]),
    Scene::new("manifest-mistake", &["plugsmith call plugin.toml greet"])
        .with_files(&[("plugin.toml", WRONG_MANIFEST)]),
];
