//! The examples that new projects can begin as: plug-ins in Rust that are there to be read.
//!
//! Their sources are those of the examples of the repository, where hosts and tests go with them.

use clap::ValueEnum;

/// An example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Example {
    /// Gives discounts on carts: JSON in, JSON out, and the same written by hand.
    Discount,
    /// Accepts, drops or rewrites webhooks, for `plugsmith serve`.
    WebhookOrders,
    /// Finds notes that its host keeps: a function that the host program adds.
    NotesSearch,
    /// Puts tables of contents into pages: configuration, variables and a log.
    SiteContents,
}

impl Example {
    /// Returns what the example is about, in a sentence.
    pub(super) fn about(self) -> String {
        let value = self.to_possible_value().expect("no example is hidden");
        format!("{}.", value.get_help().expect("each example says what it is about"))
    }

    /// Returns what `Cargo.toml` says of packages that other projects do not need, a line each.
    pub(super) fn dependencies(self) -> &'static str {
        match self {
            Self::Discount | Self::WebhookOrders => "\nserde_json = \"1\"",
            Self::NotesSearch | Self::SiteContents => "",
        }
    }

    /// Returns a command that shows what the plug-in does, once it is built.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Discount => {
                r#"plugsmith call . before_checkout --input '{"cart_total_in_cents": 12000, "is_new_customer": true}'"#
            }
            Self::WebhookOrders => {
                r#"plugsmith call . filter --input '{"cents": 900, "items": ["pen"], "card": "4111 1111 1111 1234"}'"#
            }
            // Nobody but its host has notes.
            Self::NotesSearch => "plugsmith inspect .",
            Self::SiteContents => {
                r#"plugsmith call . transform --input '{"path": "a.md", "meta": {}, "body": "[[contents]]\n## One\n## Two"}'"#
            }
        }
    }
}
