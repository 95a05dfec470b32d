//! The macro that makes a crate a plugin.

/// Makes a crate of type `cdylib` a plugin: its entry symbol and everything behind it.
///
/// The parts of a component are those of [`register!`](crate::register): kind, id, a summary, the options it knows (may
/// be left out), and a function from [`Config`](crate::Config) to the component. The id of the plugin and the ids of the
/// components are those of its manifest; the version is the crate's.
///
/// # Examples
///
/// ```
/// #![forbid(unsafe_code)]
/// use dlm_sdk::prelude::*;
///
/// struct Whole(TokenizerSpec);
///
/// impl Tokenizer for Whole {
///     fn spec(&self) -> &TokenizerSpec {
///         &self.0
///     }
///     fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
///         for sequence in sequences {
///             let end = sequence.bases().len() as u32;
///             if sink.emit(&[0], &[Span { start: 0, end }]).is_break() {
///                 return Err(Error::cancelled());
///             }
///         }
///         Ok(())
///     }
///     fn token(&self, id: TokenId) -> Option<&str> {
///         (id == 0).then_some("ANYTHING")
///     }
/// }
///
/// dlm_sdk::export_plugin! {
///     id: "org.example.whole";
///     tokenizer "whole", "one token for everything",
///     create: |_config| Ok(Whole(TokenizerSpec::new("whole", 1)));
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_plugin {
    (
        id: $plugin:literal;
        $($kind:ident $id:literal, $summary:literal, $(options: $options:expr,)? create: $create:expr;)+
    ) => {
        const _: () = {
            struct ThisPlugin;

            impl $crate::border::Plugin for ThisPlugin {
                const ID: &'static str = $plugin;
                const VERSION: &'static str = env!("CARGO_PKG_VERSION");
                const EXPORTS: &'static [$crate::border::Export] = &[$(
                    $crate::border::Export {
                        kind: $crate::export_plugin!(@kind $kind),
                        id: $id,
                        summary: $summary,
                        options: $crate::export_plugin!(@options $($options)?),
                        create: |config| {
                            fn call<T>(
                                make: impl Fn(&$crate::Config) -> $crate::Result<T>,
                                config: &$crate::Config,
                            ) -> $crate::Result<T> {
                                make(config)
                            }
                            Ok($crate::export_plugin!(@component $kind)(Box::new(call($create, config)?)))
                        },
                    },
                )+];
            }

            #[unsafe(no_mangle)]
            extern "C" fn dlm_plugin_entry_v1() -> *const $crate::border::abi::Entry {
                static PLACE: $crate::border::PluginEntry = $crate::border::PluginEntry::new();
                $crate::border::entry::<ThisPlugin>(&PLACE)
            }
        };
    };
    (@kind tokenizer) => { $crate::Kind::Tokenizer };
    (@kind encoder) => { $crate::Kind::Encoder };
    (@kind task) => { $crate::Kind::Task };
    (@kind baseline) => { $crate::Kind::Baseline };
    (@component tokenizer) => { $crate::Component::Tokenizer };
    (@component encoder) => { $crate::Component::Encoder };
    (@component task) => { $crate::Component::Task };
    (@component baseline) => { $crate::Component::Baseline };
    (@options) => { &[] };
    (@options $options:expr) => { $options };
}
