//! How components are registered, found by name, and made.
//!
//! A built-in component is registered where it is written, by [`register!`](crate::register); `inventory` collects the
//! registrations of all crates that are linked. A crate that nothing names is not linked, and its components are then
//! silently absent: a program names each of its plugins once (`use dlm_plugin_kmer as _;`).
//! A plugin loader adds its own [`Factory`] to a [`Registry`].

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{Baseline, Config, Encoder, Error, OptionSpec, Result, Spec, Task, Tokenizer, spec::nearest};

/// What a component is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A tokenizer.
    Tokenizer,
    /// An encoder.
    Encoder,
    /// A task.
    Task,
    /// A baseline.
    Baseline,
}

impl Kind {
    /// Returns the name used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokenizer => "tokenizer",
            Self::Encoder => "encoder",
            Self::Task => "task",
            Self::Baseline => "baseline",
        }
    }
}

/// A component, made from its configuration.
pub enum Component {
    /// A tokenizer.
    Tokenizer(Box<dyn Tokenizer>),
    /// An encoder.
    Encoder(Box<dyn Encoder>),
    /// A task.
    Task(Box<dyn Task>),
    /// A baseline.
    Baseline(Box<dyn Baseline>),
}

impl Component {
    /// Returns what it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Tokenizer(_) => Kind::Tokenizer,
            Self::Encoder(_) => Kind::Encoder,
            Self::Task(_) => Kind::Task,
            Self::Baseline(_) => Kind::Baseline,
        }
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Component").field(&self.kind()).finish()
    }
}

/// Makes components of one id.
pub trait Factory: Send + Sync {
    /// Returns what it makes.
    fn kind(&self) -> Kind;

    /// Returns the id that specs begin with.
    fn id(&self) -> &str;

    /// Returns what the component is, in a phrase.
    fn summary(&self) -> &str;

    /// Returns the options it knows.
    fn options(&self) -> &[OptionSpec];

    /// Returns whether a text that begins with no known id is nevertheless meant for it, such as a path.
    fn claims(&self, _text: &str) -> bool {
        false
    }

    /// Makes a component. The registry resolves the specs of other components that the configuration names.
    fn create(&self, config: &Config, registry: &Registry) -> Result<Component>;
}

/// The registration of a built-in component; written by [`register!`](crate::register).
#[derive(Clone, Copy)]
pub struct Registration {
    /// What is made.
    pub kind: Kind,
    /// The id that specs begin with.
    pub id: &'static str,
    /// What it is, in a phrase.
    pub summary: &'static str,
    /// The options it knows.
    pub options: &'static [OptionSpec],
    /// Whether a text that begins with no known id is meant for it.
    pub claims: fn(&str) -> bool,
    /// Makes it.
    pub create: fn(&Config, &Registry) -> Result<Component>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("kind", &self.kind).field("id", &self.id).finish_non_exhaustive()
    }
}

inventory::collect!(Registration);

impl Factory for Registration {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn id(&self) -> &str {
        self.id
    }

    fn summary(&self) -> &str {
        self.summary
    }

    fn options(&self) -> &[OptionSpec] {
        self.options
    }

    fn claims(&self, text: &str) -> bool {
        (self.claims)(text)
    }

    fn create(&self, config: &Config, registry: &Registry) -> Result<Component> {
        (self.create)(config, registry)
    }
}

/// Registers a built-in component beside its type.
///
/// The parts are: kind, id, a summary, the options it knows (may be left out), which other texts it claims (may be left
/// out), and a function from [`Config`](crate::Config) and [`Registry`](crate::Registry) to the component.
///
/// # Examples
///
/// ```
/// use dlm_sdk::prelude::*;
///
/// #[derive(Debug)]
/// struct Whole(TokenizerSpec);
///
/// impl Tokenizer for Whole {
///     fn spec(&self) -> &TokenizerSpec {
///         &self.0
///     }
///     fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
///         for sequence in sequences {
///             let end = sequence.bases().len() as u32;
///             let _ = sink.emit(&[0], &[Span { start: 0, end }]);
///         }
///         Ok(())
///     }
///     fn token(&self, id: TokenId) -> Option<&str> {
///         (id == 0).then_some("ANYTHING")
///     }
/// }
///
/// register! {
///     tokenizer "whole", "one token for everything",
///     options: &[],
///     create: |_config, _registry| Ok(Whole(TokenizerSpec::new("whole", 1)))
/// }
///
/// let registry = Registry::builtin()?;
/// assert_eq!(registry.tokenizer("whole")?.spec().vocab_size, 1);
/// assert!(registry.tokenizer("whale").err().unwrap().hint().unwrap().contains("whole"));
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! register {
    (tokenizer $($rest:tt)*) => { $crate::register!(@ Tokenizer, $($rest)*); };
    (encoder $($rest:tt)*) => { $crate::register!(@ Encoder, $($rest)*); };
    (task $($rest:tt)*) => { $crate::register!(@ Task, $($rest)*); };
    (baseline $($rest:tt)*) => { $crate::register!(@ Baseline, $($rest)*); };
    (@ $kind:ident, $id:literal, $summary:literal, create: $create:expr $(,)?) => {
        $crate::register!(@ $kind, $id, $summary, options: &[], claims: |_| false, create: $create);
    };
    (@ $kind:ident, $id:literal, $summary:literal, options: $options:expr, create: $create:expr $(,)?) => {
        $crate::register!(@ $kind, $id, $summary, options: $options, claims: |_| false, create: $create);
    };
    (@ $kind:ident, $id:literal, $summary:literal, options: $options:expr, claims: $claims:expr, create: $create:expr $(,)?) => {
        const _: () = {
            fn create(
                config: &$crate::Config,
                registry: &$crate::Registry,
            ) -> $crate::Result<$crate::Component> {
                fn call<T>(
                    make: impl Fn(&$crate::Config, &$crate::Registry) -> $crate::Result<T>,
                    config: &$crate::Config,
                    registry: &$crate::Registry,
                ) -> $crate::Result<T> {
                    make(config, registry)
                }
                Ok($crate::Component::$kind(Box::new(call($create, config, registry)?)))
            }

            $crate::inventory::submit! {
                $crate::registry::Registration {
                    kind: $crate::Kind::$kind,
                    id: $id,
                    summary: $summary,
                    options: $options,
                    claims: $claims,
                    create,
                }
            }
        };
    };
}

/// All components that can be made.
#[derive(Clone, Default)]
pub struct Registry {
    factories: BTreeMap<(Kind, String), Arc<dyn Factory>>,
    shared: BTreeMap<String, String>,
}

impl Registry {
    /// Creates an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Collects the built-in components of all linked crates.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if two of a kind have the same id.
    pub fn builtin() -> Result<Self> {
        let mut registry = Self::new();
        for registration in inventory::iter::<Registration> {
            registry.add(Arc::new(*registration))?;
        }
        Ok(registry)
    }

    /// Adds a factory.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if one of that kind and id is there.
    pub fn add(&mut self, factory: Arc<dyn Factory>) -> Result<()> {
        let key = (factory.kind(), factory.id().to_owned());
        if self.factories.contains_key(&key) {
            return Err(Error::invalid(format!("two {}s are called {}", key.0.name(), key.1)));
        }
        self.factories.insert(key, factory);
        Ok(())
    }

    /// Sets an option for all components that know it and are not given it themselves, such as `genome` or `data`.
    pub fn share(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.shared.insert(key.into(), value.into());
    }

    /// Returns the factories of a kind, by id.
    pub fn factories(&self, kind: Kind) -> impl Iterator<Item = &dyn Factory> {
        self.factories.iter().filter(move |((of, _), _)| *of == kind).map(|(_, factory)| &**factory)
    }

    /// Finds the factory a spec is meant for, and the spec's configuration with defaults and shared options filled in.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for an unknown id or option, with the nearest known one as hint.
    pub fn resolve(&self, kind: Kind, text: &str) -> Result<(Arc<dyn Factory>, Config)> {
        let mut spec: Spec = text.parse()?;
        let key = (kind, spec.id.clone());
        let factory = if let Some(factory) = self.factories.get(&key) {
            Arc::clone(factory)
        } else {
            let head = spec.head();
            let claimed =
                self.factories.iter().find(|((of, _), factory)| *of == kind && factory.claims(&head));
            let Some((_, factory)) = claimed else { return Err(self.unknown(kind, &spec.id, text)) };
            spec.positional = Some(head);
            Arc::clone(factory)
        };
        for option in factory.options() {
            if let Some(value) = self.shared.get(option.key) {
                spec.options.entry(option.key.to_owned()).or_insert_with(|| value.clone());
            }
        }
        let config = Config::new(&spec, factory.options())?;
        Ok((factory, config))
    }

    fn unknown(&self, kind: Kind, id: &str, text: &str) -> Error {
        let ids: Vec<&str> = self.factories(kind).map(Factory::id).collect();
        let error = Error::invalid(format!("no {} is called {text:?}", kind.name()));
        match nearest(id, ids.iter().copied()) {
            Some(near) => error.with_hint(format!("did you mean {near:?}?")),
            None => error.with_hint(format!("known are {}", ids.join(", "))),
        }
    }

    /// Makes a component from a spec.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for an unknown id or option, or whatever making it fails with.
    pub fn create(&self, kind: Kind, text: &str) -> Result<Component> {
        let (factory, config) = self.resolve(kind, text)?;
        factory.create(&config, self).map_err(|error| error.within(format!("{} {text}", kind.name())))
    }

    /// Makes a tokenizer.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn tokenizer(&self, text: &str) -> Result<Box<dyn Tokenizer>> {
        match self.create(Kind::Tokenizer, text)? {
            Component::Tokenizer(tokenizer) => Ok(tokenizer),
            other => Err(mismatch(text, Kind::Tokenizer, &other)),
        }
    }

    /// Makes an encoder.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn encoder(&self, text: &str) -> Result<Box<dyn Encoder>> {
        match self.create(Kind::Encoder, text)? {
            Component::Encoder(encoder) => Ok(encoder),
            other => Err(mismatch(text, Kind::Encoder, &other)),
        }
    }

    /// Makes a task.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn task(&self, text: &str) -> Result<Box<dyn Task>> {
        match self.create(Kind::Task, text)? {
            Component::Task(task) => Ok(task),
            other => Err(mismatch(text, Kind::Task, &other)),
        }
    }

    /// Makes a baseline.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn baseline(&self, text: &str) -> Result<Box<dyn Baseline>> {
        match self.create(Kind::Baseline, text)? {
            Component::Baseline(baseline) => Ok(baseline),
            other => Err(mismatch(text, Kind::Baseline, &other)),
        }
    }
}

fn mismatch(text: &str, kind: Kind, made: &Component) -> Error {
    Error::internal(format!("{text} should make a {} and made a {}", kind.name(), made.kind().name()))
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("factories", &self.factories.keys().collect::<Vec<_>>())
            .field("shared", &self.shared)
            .finish()
    }
}
