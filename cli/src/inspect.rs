//! `plugsmith inspect`: what a plug-in exports and needs, and what it is made of. Nothing is compiled, and
//! nothing of the plug-in runs.

use std::{cmp::Reverse, error::Error as _};

use clap::Args;
use plugsmith::WasmInput;
use plugsmith_signature::VerifyError;
use serde_json::{Value, json};

use crate::{
    exit::Exit,
    failure::Failure,
    module_facts::{Import, Memory, ModuleFacts, Need, Role, needs},
    output::{self, Output},
    page::{Column, Page, counted},
    plugin_options::PluginOptions,
    printable::{bytes_in_words, in_line},
};

/// Size of a page of memory in bytes.
const PAGE_BYTES: u64 = 1 << 16;

/// Tells what a plug-in exports, what it needs, and what it is made of.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) plugin: PluginOptions,
    /// Lists every import and export, too.
    #[arg(short, long)]
    all: bool,
}

impl Inspect {
    /// Looks at the plug-in.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let modules = WasmInput::from(self.plugin.to_manifest()?).into_modules()?;
        let modules = modules.iter().map(ModuleFacts::read).collect::<Result<Vec<_>, _>>()?;
        let needs = needs(&modules);
        if output.is_json() {
            let modules: Vec<_> = modules.iter().map(module_json).collect();
            let needs: Vec<_> = needs.iter().map(need_json).collect();
            output::print_json(&json!({"needs": needs, "modules": modules}))?;
        } else {
            page(&modules, &needs, self.all).print()?;
        }
        Ok(Exit::Success)
    }
}

fn page(modules: &[ModuleFacts], needs: &[Need], lists_all: bool) -> Page {
    let mut page = Page::new();
    page.heading("Needs");
    if needs.is_empty() {
        page.line("  nothing");
    }
    let row = |need: &Need| {
        let grant = need.capability.grant().unwrap_or("always there");
        [need.capability.name(), need.summary(), grant.to_owned()]
    };
    page.table(
        [Column::Left, Column::Left, Column::Dim],
        &needs.iter().map(row).collect::<Vec<_>>(),
    );
    for module in modules {
        module_page(&mut page, module, modules.len() > 1, lists_all);
    }
    page
}

fn module_page(page: &mut Page, module: &ModuleFacts, is_one_of_several: bool, lists_all: bool) {
    let of_module = if is_one_of_several {
        format!(" of module `{}`", in_line(&module.name))
    } else {
        String::new()
    };
    page.heading(format_args!("{}{of_module}", if lists_all { "Exports" } else { "Functions" }));
    let functions: Vec<_> = module
        .exports
        .iter()
        .filter(|export| lists_all || export.role != Role::NoFunction)
        .map(|export| {
            let role = role_in_words(export.role).to_owned();
            [export.name.clone(), export.ty.clone(), role]
        })
        .collect();
    if functions.is_empty() {
        page.line("  none");
    }
    page.table([Column::Left, Column::Left, Column::Dim], &functions);
    if lists_all {
        page.heading(format_args!("Imports{of_module}"));
        let row =
            |import: &Import| [&import.namespace, &import.name, &import.ty].map(String::clone);
        let imports: Vec<_> = module.imports.iter().map(row).collect();
        page.table([Column::Dim, Column::Left, Column::Left], &imports);
    }
    page.heading(format_args!("Made{of_module}"));
    page.table([Column::Dim, Column::Left], &made(module));
    page.heading(format_args!("Size{of_module}"));
    page.table([Column::Left, Column::Right, Column::Right], &sizes(module, lists_all));
}

fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::Callable => "can be called",
        Role::Program => "a program, runs once",
        Role::Initialiser => "the host calls it first",
        Role::Uncallable => "cannot be called by a host",
        Role::NoFunction => "for other modules",
    }
}

fn made(module: &ModuleFacts) -> Vec<[String; 2]> {
    let toolchain = &module.toolchain;
    let mut rows = Vec::new();
    if !toolchain.languages.is_empty() {
        rows.push(("written in", toolchain.languages.join(", ")));
    }
    if !toolchain.tools.is_empty() {
        rows.push(("made by", toolchain.tools.join(", ")));
    }
    if let Some(kit) = toolchain.kit {
        rows.push(("kit, probably", kit.to_owned()));
    }
    if let Some(signed) = signed_in_words(module) {
        rows.push(("signed", signed));
    }
    rows.push(("code", counted(module.n_functions, "function")));
    for memory in &module.memories {
        rows.push(("memory", memory_in_words(memory)));
    }
    rows.into_iter().map(|(name, value)| [name.to_owned(), value]).collect()
}

/// Returns what a module's signatures say, which may be a lie, if it has any.
fn signed_in_words(module: &ModuleFacts) -> Option<String> {
    match &module.claimed_signers {
        Ok(key_ids) => {
            let names: Vec<_> = key_ids.iter().map(|id| format!("key {id}")).collect();
            Some(format!("by {}, it says: not verified", names.join(", ")))
        }
        Err(VerifyError::Unsigned) => None,
        Err(err) => Some(format!("in a way that makes no sense: {}", mistake(err))),
    }
}

/// Returns what is wrong, without what it is wrong with.
fn mistake(err: &VerifyError) -> String {
    err.source().map_or_else(|| err.to_string(), ToString::to_string)
}

fn memory_in_words(memory: &Memory) -> String {
    let size = |pages: u64| bytes_in_words(pages.saturating_mul(PAGE_BYTES));
    let most = match memory.most_pages {
        Some(pages) => format!("at most {}", size(pages)),
        None => "grows to the host's limit".to_owned(),
    };
    let imported = if memory.is_imported { ", imported" } else { "" };
    format!("{} to start with, {most}{imported}", size(memory.start_pages))
}

/// Returns the sections of a module, the largest first, and the whole. Those of less than a hundredth
/// become one, unless all are to be listed.
fn sizes(module: &ModuleFacts, lists_all: bool) -> Vec<[String; 3]> {
    let row = |name: &str, len: usize| {
        let tenths = (len * 1_000).checked_div(module.len).unwrap_or(0);
        let share = format!("{}.{} %", tenths / 10, tenths % 10);
        [name.to_owned(), bytes_in_words(len as u64), share]
    };
    let mut sections: Vec<_> = module.sections.iter().collect();
    sections.sort_by_key(|section| Reverse(section.len));
    let (large, small): (Vec<_>, Vec<_>) = sections
        .into_iter()
        .partition(|section| lists_all || section.len.saturating_mul(100) >= module.len);
    let mut rows: Vec<_> = large.iter().map(|section| row(&section.name, section.len)).collect();
    if !small.is_empty() {
        rows.push(row("others", small.iter().map(|section| section.len).sum()));
    }
    rows.push(row("whole module", module.len));
    rows
}

fn need_json(need: &Need) -> Value {
    json!({
        "capability": need.capability.kind(),
        "name": need.capability.name(),
        "functions": need.what,
        "granted_by": need.capability.grant(),
    })
}

fn module_json(module: &ModuleFacts) -> Value {
    let exports = module.exports.iter().map(|export| {
        let role = match export.role {
            Role::Callable => "callable",
            Role::Program => "program",
            Role::Initialiser => "initialiser",
            Role::Uncallable => "uncallable",
            Role::NoFunction => "no function",
        };
        json!({"name": export.name, "type": export.ty, "role": role})
    });
    let imports = module.imports.iter().map(
        |import| json!({"namespace": import.namespace, "name": import.name, "type": import.ty}),
    );
    let memories = module.memories.iter().map(|memory| {
        json!({
            "start_pages": memory.start_pages,
            "most_pages": memory.most_pages,
            "imported": memory.is_imported,
        })
    });
    let sections =
        module.sections.iter().map(|section| json!({"name": section.name, "bytes": section.len}));
    let signatures = match &module.claimed_signers {
        Err(VerifyError::Unsigned) => Value::Null,
        Ok(key_ids) => {
            let key_ids: Vec<_> = key_ids.iter().map(ToString::to_string).collect();
            json!({"claimed_key_ids": key_ids, "mistake": null})
        }
        Err(err) => json!({"claimed_key_ids": [], "mistake": mistake(err)}),
    };
    json!({
        "name": module.name,
        "bytes": module.len,
        "functions": module.n_functions,
        "exports": exports.collect::<Value>(),
        "imports": imports.collect::<Value>(),
        "memories": memories.collect::<Value>(),
        "sections": sections.collect::<Value>(),
        "signatures": signatures,
        "toolchain": {
            "languages": module.toolchain.languages,
            "tools": module.toolchain.tools,
            "kit": module.toolchain.kit,
        },
    })
}
