//! The checks of one plugin: each rule, for each component it is about.

use regex::Regex;

use super::{
    super::manifest::Manifest,
    rules::{About, RULES, Rule},
};

/// A rule for a plugin, or for one of its components.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The rule.
    pub(super) rule: &'static Rule,
    /// The component's place in the manifest, and its kind and id.
    pub(super) component: Option<(usize, String)>,
}

/// Lists the checks of a plugin. Where the manifest cannot be read, that alone is checked.
pub(super) fn steps(manifest: Option<&Manifest>, only: Option<&Regex>) -> Vec<Step> {
    let wanted = |rule: &&'static Rule| only.is_none_or(|only| only.is_match(rule.id));
    let plain = |rule| Step { rule, component: None };
    let Some(manifest) = manifest else {
        return RULES.iter().filter(|rule| rule.id == "M1").map(plain).collect();
    };
    let kind = manifest.plugin.kind;
    let whole = |about| matches!(about, About::Manifest | About::Library | About::Bundle);
    let rules = || RULES.iter().filter(|rule| rule.about.is_for(kind)).filter(wanted);
    let mut steps: Vec<Step> = rules().filter(|rule| whole(rule.about)).map(plain).collect();
    for (place, component) in manifest.components.iter().enumerate() {
        let of_component = |rule: &&Rule| match rule.about {
            About::NativeComponent => true,
            About::Component(kind) => kind == component.kind(),
            _ => false,
        };
        let name = format!("{} {}", component.kind().name(), component.id);
        steps.extend(
            rules().filter(of_component).map(|rule| Step { rule, component: Some((place, name.clone())) }),
        );
    }
    steps
}
