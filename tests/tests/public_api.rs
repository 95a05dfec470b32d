//! The public items of the SDK crates, as text: a change shows in review.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use dlm_tests::{files, from_root};
use syn::{Attribute, ImplItem, Item, ItemFn, TraitItem, Visibility};

/// Prints the signatures of a crate's public items, file by file, without docs and bodies.
fn signatures(folder: &str) -> String {
    let mut text = String::new();
    for path in files("rs") {
        let name = from_root(&path);
        if !name.starts_with(folder) {
            continue;
        }
        let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        let items: Vec<Item> = file.items.into_iter().filter_map(public).collect();
        if !items.is_empty() {
            let shown = prettyplease::unparse(&syn::File { shebang: None, attrs: Vec::new(), items });
            text.extend(["// ", &name, "\n", &shown, "\n"]);
        }
    }
    text
}

fn public(mut item: Item) -> Option<Item> {
    let is = |visibility: &Visibility| matches!(visibility, Visibility::Public(_));
    let visible = match &mut item {
        Item::Fn(function) => {
            empty(function);
            is(&function.vis)
        }
        Item::Struct(item) => {
            bare(&mut item.attrs);
            item.fields.iter_mut().for_each(|field| bare(&mut field.attrs));
            is(&item.vis)
        }
        Item::Enum(item) => {
            bare(&mut item.attrs);
            item.variants.iter_mut().for_each(|variant| {
                bare(&mut variant.attrs);
                variant.fields.iter_mut().for_each(|field| bare(&mut field.attrs));
            });
            is(&item.vis)
        }
        Item::Trait(item) => {
            bare(&mut item.attrs);
            for member in &mut item.items {
                if let TraitItem::Fn(function) = member {
                    bare(&mut function.attrs);
                    if function.default.is_some() {
                        function.default = Some(syn::parse_quote!({}));
                    }
                }
            }
            is(&item.vis)
        }
        Item::Impl(item) => {
            item.attrs.clear();
            let of_trait = item.trait_.is_some();
            item.items.retain(|member| match member {
                ImplItem::Fn(function) => !of_trait && is(&function.vis),
                ImplItem::Const(constant) => !of_trait && is(&constant.vis),
                _ => of_trait,
            });
            for member in &mut item.items {
                match member {
                    ImplItem::Fn(function) => {
                        bare(&mut function.attrs);
                        function.block = syn::parse_quote!({});
                    }
                    ImplItem::Const(constant) => constant.attrs.clear(),
                    _ => {}
                }
            }
            of_trait || !item.items.is_empty()
        }
        Item::Const(item) => {
            item.attrs.clear();
            is(&item.vis)
        }
        Item::Type(item) => {
            item.attrs.clear();
            is(&item.vis)
        }
        Item::Use(item) => is(&item.vis),
        Item::Mod(item) => {
            item.attrs.clear();
            item.content.is_none() && is(&item.vis)
        }
        _ => false,
    };
    visible.then_some(item)
}

fn empty(function: &mut ItemFn) {
    bare(&mut function.attrs);
    function.block = syn::parse_quote!({});
}

/// Keeps only what callers see: derives and non-exhaustiveness.
fn bare(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| {
        attribute.path().is_ident("derive") || attribute.path().is_ident("non_exhaustive")
    });
}

#[test]
fn of_the_sdk() {
    insta::assert_snapshot!("sdk", signatures("sdk/src/"));
}

#[test]
fn of_the_genome_crate() {
    insta::assert_snapshot!("genome", signatures("sdk/genome/src/"));
}
