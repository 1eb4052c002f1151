//! The public API of the library, read from its sources: what `src/lib.rs` re-exports by name, with
//! each item's derives, public fields, variants, methods and trait implementations.
//!
//! Modules that the documentation hides are left out. Signatures are printed from their tokens, so
//! that their layout does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, UseTree, Visibility};

/// The text of each file below `src`, by its path from there.
pub type Sources = BTreeMap<String, String>;

pub fn sources() -> Sources {
    fn collect(top: &Path, directory: &Path, found: &mut Sources) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(top, &path, found);
            } else {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Sources::new();
    collect(&top, &top, &mut found);
    found
}

/// A line for each public item and part of one; parts are indented.
pub fn public_api(sources: &Sources) -> String {
    let scanner = Scanner { sources };
    let mut items = BTreeSet::new();
    for item in scanner.items("lib.rs") {
        match &item {
            Item::Use(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                for (path, name) in leaves(&it.tree) {
                    items.insert((name.clone(), scanner.described(&[], &path, &name)));
                }
            }
            Item::Mod(it) if !is_public(&it.vis) || is_hidden(&it.attrs) => {}
            // Anything else that is public is listed as it is.
            other => {
                items.insert((String::new(), format!("{}\n", tidy(other))));
            }
        }
    }
    items.into_iter().map(|(_, text)| text).collect()
}

struct Scanner<'a> {
    sources: &'a Sources,
}

impl Scanner<'_> {
    fn items(&self, file: &str) -> Vec<Item> {
        syn::parse_file(&self.sources[file]).unwrap_or_else(|error| panic!("{file}: {error}")).items
    }

    /// The file of the module with this path from the top of the crate.
    fn file(&self, module: &[String]) -> String {
        if module.is_empty() {
            return "lib.rs".to_owned();
        }
        let path = module.join("/");
        let names = [format!("{path}.rs"), format!("{path}/mod.rs")];
        names.into_iter().find(|name| self.sources.contains_key(name)).expect("a module's file")
    }

    /// The item that a `use` of this path in this module means.
    fn described(&self, module: &[String], path: &[String], name: &str) -> String {
        let mut module = module.to_vec();
        for step in path {
            match step.as_str() {
                "crate" => module.clear(),
                "self" => {}
                "super" => drop(module.pop()),
                step => module.push(step.to_owned()),
            }
        }
        let items = self.items(&self.file(&module));
        for item in &items {
            if let Item::Use(it) = item
                && is_public(&it.vis)
                && let Some((path, _)) = leaves(&it.tree).into_iter().find(|leaf| leaf.1 == name)
            {
                return self.described(&module, &path, name);
            }
        }
        let found = items.iter().find_map(|item| definition(item, name));
        let mut text = found.unwrap_or_else(|| panic!("no {name} in {}", module.join("::")));
        for line in self.implementations(&module, name) {
            text.push_str(&line);
        }
        text
    }

    /// What the files beside a type's own implement for it.
    fn implementations(&self, module: &[String], name: &str) -> BTreeSet<String> {
        let directory = format!("{}/", module[0]);
        let files = self.sources.keys().filter(|file| file.starts_with(&directory));
        files
            .flat_map(|file| self.items(file))
            .filter_map(|item| match item {
                Item::Impl(it) => Some(it),
                _ => None,
            })
            .flat_map(|it| implemented(&it, name))
            .collect()
    }
}

/// The paths that a `use` names, each without its last name, and that name.
fn leaves(tree: &UseTree) -> Vec<(Vec<String>, String)> {
    match tree {
        UseTree::Path(path) => {
            let first = path.ident.to_string();
            let rest = leaves(&path.tree).into_iter();
            rest.map(|(rest, name)| ([vec![first.clone()], rest].concat(), name)).collect()
        }
        UseTree::Name(name) => vec![(vec![], name.ident.to_string())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        UseTree::Rename(_) | UseTree::Glob(_) => panic!("public items are named one by one"),
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| tidy(it).contains("doc(hidden)"))
}

/// The attributes that belong to an interface.
fn attributes(all: &[Attribute]) -> String {
    let kept = ["derive", "non_exhaustive", "cfg", "cfg_attr", "must_use", "deprecated"];
    all.iter()
        .filter(|it| kept.iter().any(|name| it.path().is_ident(name)))
        .map(|it| format!("{} ", tidy(it)))
        .collect()
}

/// The definition of the item, if it is public and has this name.
fn definition(item: &Item, name: &str) -> Option<String> {
    match item {
        Item::Struct(it) if it.ident == name && is_public(&it.vis) => {
            let head = format!("{}struct {name}{}\n", attributes(&it.attrs), tidy(&it.generics));
            Some(head + &fields(&it.fields))
        }
        Item::Enum(it) if it.ident == name && is_public(&it.vis) => {
            let head = format!("{}enum {name}{}\n", attributes(&it.attrs), tidy(&it.generics));
            let variants = it.variants.iter().map(|variant| {
                let (name, fields, value) =
                    (&variant.ident, &variant.fields, &variant.discriminant);
                let value =
                    value.as_ref().map_or(String::new(), |(_, it)| format!(" = {}", tidy(it)));
                format!("    {}{name}{}{value}\n", attributes(&variant.attrs), tidy(fields))
            });
            Some(head + &variants.collect::<String>())
        }
        Item::Fn(it) if it.sig.ident == name && is_public(&it.vis) => {
            Some(format!("{}{}\n", attributes(&it.attrs), tidy(&it.sig)))
        }
        _ => None,
    }
}

fn fields(fields: &Fields) -> String {
    let public = fields.iter().filter(|field| is_public(&field.vis) && !is_hidden(&field.attrs));
    public
        .map(|field| {
            let name = field.ident.as_ref().map_or("_".to_owned(), ToString::to_string);
            format!("    {name}: {}\n", tidy(&field.ty))
        })
        .collect()
}

/// The lines of an implementation for the type with this name, or of a conversion from it.
fn implemented(item: &ItemImpl, name: &str) -> Vec<String> {
    let is_named = |path: &syn::Path| path.segments.iter().any(|it| it.ident == name);
    let of_type = match item.self_ty.as_ref() {
        syn::Type::Path(it) => it.path.get_ident().is_some_and(|ident| ident == name),
        _ => false,
    };
    let Some((of_trait, _)) = &item.trait_ else {
        return if of_type { members(&item.items) } else { vec![] };
    };
    let from_it = of_trait.segments.last().is_some_and(|it| match &it.arguments {
        syn::PathArguments::AngleBracketed(it) => it.args.iter().any(|it| match it {
            syn::GenericArgument::Type(syn::Type::Path(it)) => is_named(&it.path),
            _ => false,
        }),
        _ => false,
    });
    if !of_type && !from_it {
        return vec![];
    }
    let generics = tidy(&item.generics);
    let types = item.items.iter().filter_map(|it| match it {
        ImplItem::Type(it) => Some(format!(" {{ {} }}", tidy(it))),
        _ => None,
    });
    let head = format!("{}impl{generics} {}", attributes(&item.attrs), tidy(of_trait));
    let types = types.collect::<String>();
    vec![format!("    {head} for {}{types}\n", tidy(&item.self_ty))]
}

fn members(items: &[ImplItem]) -> Vec<String> {
    items
        .iter()
        .filter_map(|item| match item {
            ImplItem::Fn(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                Some(format!("    {}{}\n", attributes(&it.attrs), tidy(&it.sig)))
            }
            ImplItem::Const(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                let (name, of, value) = (&it.ident, tidy(&it.ty), tidy(&it.expr));
                Some(format!("    const {name}: {of} = {value}\n"))
            }
            _ => None,
        })
        .collect()
}

/// The tokens with the spaces that a person would put there.
fn tidy(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    let closer = [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        (" , ", ", "),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" : ", ": "),
        ("# [", "#["),
        (" [", "["),
        ("[ ", "["),
        (" ]", "]"),
        (" ;", ""),
        ("- >", "->"),
        ("#[", "#["),
    ];
    for (from, to) in closer {
        text = text.replace(from, to);
    }
    text.replace("->", " -> ").replace("  ->", " ->").replace("->  ", "-> ")
}
