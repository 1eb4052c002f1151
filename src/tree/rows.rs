//! The rows, one line of the mount's tree each. A new pseudo-file is one of them, its renderer in
//! `format`, and a golden.

use super::table::{Access, Items, Kind, Link, On, Own};
use crate::format;
use crate::kernel::Detail;

/// A row as it is written down; [`Row`](super::Row) has the directory it stands in too.
pub(super) struct Listed {
    pub(super) path: &'static str,
    pub(super) items: Option<Items>,
    pub(super) kind: Kind,
    pub(super) access: Access,
    pub(super) on: On,
    pub(super) own: Option<Own>,
    pub(super) doc: &'static str,
}

impl Listed {
    const fn memory(self) -> Self {
        Listed { access: Access::Memory, ..self }
    }

    const fn darwin(self) -> Self {
        Listed { on: On::Darwin, ..self }
    }

    const fn linux(self) -> Self {
        Listed { on: On::Linux, ..self }
    }

    const fn each(self, items: Items) -> Self {
        Listed { items: Some(items), ..self }
    }

    /// Linux has this file itself, under this name.
    const fn own(self, name: &'static str) -> Self {
        Listed { own: Some(Own::Same(name)), ..self }
    }
}

const fn row(path: &'static str, kind: Kind, doc: &'static str) -> Listed {
    Listed { path, items: None, kind, access: Access::Anyone, on: On::Both, own: None, doc }
}

const fn directory(path: &'static str, doc: &'static str) -> Listed {
    row(path, Kind::Directory, doc)
}

/// In the order of listings.
pub(super) const LISTED: &[Listed] = &[
    directory("", "the root"),
    directory("PID", "one process").each(Items::Processes),
    row("self", Kind::Link(Link::OwnProcess), "link to the directory of the process that reads it"),
    directory("PID/task", "the process as a Mach task, and its threads"),
    row(
        "PID/maps",
        Kind::Regions(Detail::Map, format::maps),
        "mapped regions in Linux's grammar: range, protection, offset, device, inode, name",
    )
    .memory(),
    row(
        "PID/smaps",
        Kind::Regions(Detail::Attributes, format::smaps),
        "the same, and how much of each region is in memory, in Linux's grammar",
    )
    .own("smaps")
    .memory(),
    row(
        "PID/smaps_rollup",
        Kind::Sheet(Detail::Attributes, format::smaps_rollup),
        "the sums of smaps, in Linux's grammar",
    )
    .own("smaps_rollup")
    .memory(),
    row(
        "PID/task/vmmap",
        Kind::Regions(Detail::Attributes, format::vmmap),
        "mapped regions as Mach sees them: size, current and maximum protection, inheritance, sharing, behaviour, wired count, submap",
    )
    .memory(),
    row(
        "PID/task/vmmap_r",
        Kind::Regions(Detail::Pages, format::vmmap_r),
        "the same, looking inside submaps: pages resident, swapped out and dirtied, and what the region is for",
    )
    .memory(),
    row(
        "PID/task/vmmap.json",
        Kind::Sheet(Detail::Attributes, format::vmmap_json),
        "everything known of each region, as one JSON array",
    )
    .memory(),
    row(
        "PID/task/vmmap.svg",
        Kind::Sheet(Detail::Attributes, format::vmmap_svg),
        "a picture of the address space, for a browser",
    )
    .memory(),
];
