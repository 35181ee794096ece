//! What the sources say of errors: the cases of an enum and their messages, and which enums there are.

use std::{fs, path::Path};

use syn::{Attribute, Expr, ExprLit, File, Item, ItemEnum, ItemImpl, Lit, Meta, Pat, Visibility};

/// A case of an error, and what it says: `…` for what is filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) message: String,
}

/// What stands in the chapter where a case says what its cause says.
const OF_ITS_CAUSE: &str = "what its cause says";

/// And where all of a message is filled in, by a plug-in.
const OF_THE_PLUGIN: &str = "what the plug-in says";

/// Returns the cases of the enum of this name.
///
/// Messages come from the attribute `error`, or from the arms of `Display`.
#[track_caller]
pub(super) fn cases(source: &str, name: &str) -> Vec<Case> {
    let file = parse(source);
    let found = enums(&file).find(|item| item.ident == name);
    let found = found.unwrap_or_else(|| panic!("no enum `{name}`"));
    let arms = arms(&file, name, "fmt");
    let case = |variant: &syn::Variant| {
        let name = variant.ident.to_string();
        let of_arm = || arms.iter().find(|(variant, _)| *variant == name);
        let message = message(&variant.attrs).or_else(|| of_arm().map(|(_, text)| text.clone()));
        Case { message: message.unwrap_or_else(|| panic!("`{name}` says nothing")), name }
    };
    found.variants.iter().map(case).collect()
}

/// Returns the names of the public enums in a folder that are errors.
pub(super) fn public_errors(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).expect("a package has sources") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            names.extend(public_errors(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("sources are text");
            let file = parse(&source);
            let public = enums(&file).filter(|item| matches!(item.vis, Visibility::Public(_)));
            let errors = public.map(|item| item.ident.to_string());
            names.extend(errors.filter(|name| name.ends_with("Error")));
        }
    }
    names
}

/// Returns the command's statuses, in the chapter's columns: number, name, meaning.
#[track_caller]
pub(super) fn statuses(source: &str) -> Vec<String> {
    let file = parse(source);
    let [statuses, kinds, summaries] =
        ["status", "kind", "summary"].map(|method| arms(&file, "Exit", method));
    let row = |idx: usize| {
        let ((variant, status), (_, kind), (_, summary)) =
            (&statuses[idx], &kinds[idx], &summaries[idx]);
        assert!(kinds[idx].0 == *variant && summaries[idx].0 == *variant, "in the same order");
        format!("{status} | `{kind}` | {summary}")
    };
    assert!(!statuses.is_empty(), "the command has statuses");
    (0..statuses.len()).map(row).collect()
}

/// Returns the statuses and kinds of a server's refusals: `StatusCode::NAME, "kind"`.
pub(super) fn served(source: &str) -> Vec<String> {
    const STATUSES: [(&str, u16); 13] = [
        ("BAD_REQUEST", 400),
        ("FORBIDDEN", 403),
        ("NOT_FOUND", 404),
        ("METHOD_NOT_ALLOWED", 405),
        ("REQUEST_TIMEOUT", 408),
        ("PAYLOAD_TOO_LARGE", 413),
        ("EXPECTATION_FAILED", 417),
        ("UNPROCESSABLE_ENTITY", 422),
        ("REQUEST_HEADER_FIELDS_TOO_LARGE", 431),
        ("INTERNAL_SERVER_ERROR", 500),
        ("NOT_IMPLEMENTED", 501),
        ("SERVICE_UNAVAILABLE", 503),
        ("GATEWAY_TIMEOUT", 504),
    ];
    let refusals = source.split("StatusCode::").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once(", \"")?;
        let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_name.then(|| (name, rest.split('"').next().unwrap_or_default()))
    });
    refusals
        .map(|(name, kind)| {
            let status = STATUSES.iter().find(|(known, _)| *known == name);
            let (_, status) = status.unwrap_or_else(|| panic!("no number for `{name}`"));
            format!("{status} {kind}")
        })
        .collect()
}

fn parse(source: &str) -> File {
    syn::parse_file(source).expect("the compiler takes it, too")
}

fn enums(file: &File) -> impl Iterator<Item = &ItemEnum> {
    file.items.iter().filter_map(|item| match item {
        Item::Enum(item) => Some(item),
        _ => None,
    })
}

/// The message of `#[error("…")]`.
fn message(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("error"))?;
    let Meta::List(list) = &attribute.meta else { return None };
    let first = list.tokens.clone().into_iter().next()?;
    if first.to_string() == "transparent" {
        return Some(OF_ITS_CAUSE.to_owned());
    }
    let literal: syn::LitStr = syn::parse_str(&first.to_string()).ok()?;
    Some(filled(&literal.value()))
}

/// A format string with `…` for each place.
fn filled(format: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for character in format.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => text.push(character),
            _ => {}
        }
        if character == '{' && !text.ends_with('…') {
            text.push('…');
        }
    }
    if text == "…" { OF_THE_PLUGIN.to_owned() } else { text }
}

/// The literals that a method of a type matches variants to: `Self::Variant => literal`.
fn arms(file: &File, ty: &str, method: &str) -> Vec<(String, String)> {
    let impls = file.items.iter().filter_map(|item| match item {
        Item::Impl(item) if is_of(item, ty) => Some(item),
        _ => None,
    });
    let methods = impls.flat_map(|item| &item.items).filter_map(|item| match item {
        syn::ImplItem::Fn(function) if function.sig.ident == method => Some(function),
        _ => None,
    });
    let mut matches = Matches::default();
    for function in methods {
        syn::visit::visit_block(&mut matches, &function.block);
    }
    matches.arms
}

fn is_of(item: &ItemImpl, ty: &str) -> bool {
    matches!(&*item.self_ty, syn::Type::Path(path) if path.path.is_ident(ty))
}

#[derive(Default)]
struct Matches {
    arms: Vec<(String, String)>,
}

impl<'ast> syn::visit::Visit<'ast> for Matches {
    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let (Some(variant), Some(literal)) = (variant(&arm.pat), literal(&arm.body)) {
            self.arms.push((variant, literal));
        }
    }
}

fn variant(pattern: &Pat) -> Option<String> {
    let path = match pattern {
        Pat::Path(pattern) => &pattern.path,
        Pat::TupleStruct(pattern) => &pattern.path,
        Pat::Struct(pattern) => &pattern.path,
        _ => return None,
    };
    Some(path.segments.last()?.ident.to_string())
}

/// The text or number that an arm comes to, in a block of its own or not.
fn literal(body: &Expr) -> Option<String> {
    match body {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number.to_string()),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(body, None)] => literal(body),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn cases_and_messages_are_found() {
    let source = r#"
        pub enum ReadError {
            #[error("no `{name}` in {}", path.display())]
            Missing { name: String },
            #[error(transparent)]
            Other(Cause),
            #[error("{message}")]
            Said { message: String },
        }
        pub(crate) enum HiddenError {}
        enum Stop { Full }
        impl Display for Stop {
            fn fmt(&self) { write(match self { Self::Full => "no room" }) }
        }
    "#;
    let case = |name: &str, message: &str| Case { name: name.into(), message: message.into() };
    let expected =
        [case("Missing", "no `…` in …"), case("Other", OF_ITS_CAUSE), case("Said", OF_THE_PLUGIN)];
    assert_eq!(cases(source, "ReadError"), expected);
    assert_eq!(cases(source, "Stop"), [case("Full", "no room")]);
}
