//! A plugin: its entry, checked, and the components it makes.

use super::{
    super::{
        abi,
        config::to_json,
        export::number_of,
        guard::answered,
        text::{read, slice, text},
    },
    Host, baseline, encoder,
    object::ForeignObject,
    task, tokenizer,
};
use crate::{Component, Config, Error, Kind, Result};

/// A component that a plugin lists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// What it is, in a phrase.
    pub summary: String,
}

/// A plugin whose entry has been read.
#[derive(Clone, Debug)]
pub struct Foreign {
    id: String,
    version: String,
    built_with: String,
    components: Vec<Listed>,
    create: abi::CreateFn,
}

impl Foreign {
    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// It is no entry, speaks another major version, or lists something unknown.
    ///
    /// # Safety
    ///
    /// `entry` is NULL or what a plugin's entry function returned; the plugin stays loaded as long as the process.
    pub unsafe fn new(entry: *const abi::Entry) -> Result<Self> {
        if entry.is_null() || !entry.is_aligned() {
            return Err(Error::invalid("the entry is NULL"));
        }
        // SAFETY: the first 16 bytes of an entry never change, in any version.
        let head = unsafe { entry.cast::<[u32; 4]>().read() };
        let magic = head[0];
        // Two numbers of 16 bits, the first of which lies at the lower address.
        let major = u16::from_ne_bytes([head[1].to_ne_bytes()[0], head[1].to_ne_bytes()[1]]);
        if magic != abi::MAGIC {
            return Err(Error::invalid(format!(
                "the entry begins with {magic:#010x}, not {:#010x}",
                abi::MAGIC
            )));
        }
        if major != abi::ABI_MAJOR {
            return Err(Error::invalid(format!(
                "the plugin speaks ABI {major}, this host {}",
                abi::ABI_MAJOR
            ))
            .with_hint("build the plugin against this host's header"));
        }
        let size = head[2] as usize;
        if size < size_of::<abi::Entry>() {
            let least = size_of::<abi::Entry>();
            return Err(Error::invalid(format!(
                "the entry says that it has {size} bytes, version 1.0 has {least}"
            )));
        }
        // SAFETY: it has at least that many bytes.
        let entry = unsafe { entry.read() };
        let create = entry.create.ok_or_else(|| Error::invalid("the entry's function create is NULL"))?;
        // SAFETY: what an entry points to lives as long as the process.
        let owned = |item: abi::Str, what: &str| unsafe { text(item, what) }.map(str::to_owned);
        // SAFETY: as above.
        let pointers = unsafe { slice(entry.components, entry.n_components, "the list of components") }?;
        let mut components = Vec::with_capacity(pointers.len());
        for &pointer in pointers {
            // SAFETY: as above.
            let component = unsafe { read(pointer, "a component's struct") }?;
            components.push(Listed {
                kind: kind_of(component.kind)?,
                id: owned(component.id, "a component's id")?,
                summary: owned(component.summary, "a component's summary")?,
            });
        }
        Ok(Self {
            id: owned(entry.id, "the plugin's id")?,
            version: owned(entry.version, "the plugin's version")?,
            built_with: owned(entry.built_with, "what the plugin was built with")?,
            components,
            create,
        })
    }

    /// Returns the plugin's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the plugin's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the compiler or toolkit that the plugin names.
    pub fn built_with(&self) -> &str {
        &self.built_with
    }

    /// Returns what the plugin lists.
    pub fn components(&self) -> &[Listed] {
        &self.components
    }

    /// Makes a component. `digest` is the fingerprint of one that has none of its own.
    ///
    /// # Errors
    ///
    /// What the plugin answers, or that its answer is wrong.
    pub fn create(
        &self,
        host: Host,
        kind: Kind,
        id: &str,
        config: &Config,
        digest: &str,
    ) -> Result<Component> {
        let object = self.object(host, number_of(kind), id, &to_json(config))?;
        let label = self.label(kind, id);
        // SAFETY: the plugin made this object just now, and its kind is what was asked for.
        unsafe { component_of(object, kind, label, digest) }
    }

    /// Makes an object as it is, of any kind and configuration: what a checker needs.
    ///
    /// # Errors
    ///
    /// What the plugin answers, or that it says success and gives no object.
    pub fn object(&self, host: Host, kind: u32, id: &str, config: &str) -> Result<abi::Object> {
        let mut object = abi::Object { object: std::ptr::null_mut(), vt: std::ptr::null() };
        let mut error = abi::Error::new();
        // SAFETY: the plugin's function with arguments that outlive the call.
        let status = unsafe {
            (self.create)(
                host.as_abi(),
                kind,
                abi::Str::new(id),
                abi::Str::new(config),
                &raw mut object,
                &raw mut error,
            )
        };
        answered(status, &error, &format!("plugin {}: creating {id}", self.id))?;
        if object.vt.is_null() {
            return Err(Error::internal(format!(
                "plugin {}: creating {id} gave no table of functions",
                self.id
            )));
        }
        Ok(object)
    }

    /// Returns the entry's `create`.
    pub fn create_function(&self) -> abi::CreateFn {
        self.create
    }

    fn label(&self, kind: Kind, id: &str) -> String {
        format!("plugin {}: {} {id}", self.id, kind.name())
    }
}

/// Makes a component of an object.
///
/// # Errors
///
/// Its table lacks a function, or its spec makes no sense.
///
/// # Safety
///
/// The object follows the header for its kind, its code stays loaded, and nobody else destroys it.
pub unsafe fn component_of(
    object: abi::Object,
    kind: Kind,
    label: String,
    digest: &str,
) -> Result<Component> {
    // SAFETY: the caller's promise.
    let object = unsafe { ForeignObject::new(object, label) }?;
    match kind {
        Kind::Tokenizer => {
            tokenizer::ForeignTokenizer::new(object, digest).map(|it| Component::Tokenizer(Box::new(it)))
        }
        Kind::Encoder => {
            encoder::ForeignEncoder::new(object, digest).map(|it| Component::Encoder(Box::new(it)))
        }
        Kind::Task => task::ForeignTask::new(object).map(|it| Component::Task(Box::new(it))),
        Kind::Baseline => baseline::ForeignBaseline::new(object).map(|it| Component::Baseline(Box::new(it))),
    }
}

fn kind_of(number: u32) -> Result<Kind> {
    match number {
        abi::TOKENIZER => Ok(Kind::Tokenizer),
        abi::ENCODER => Ok(Kind::Encoder),
        abi::TASK => Ok(Kind::Task),
        abi::BASELINE => Ok(Kind::Baseline),
        other => Err(Error::invalid(format!("a component is of the unknown kind {other}"))),
    }
}
