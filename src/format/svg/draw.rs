//! The drawing: a head with the legend, then a row for each piece and a break for each gap.

use std::io::Write;

use super::piece::{Access, Amounts, Kind, Piece};
use super::text::{as_xml, pluralize, shortened, shown, size};
use crate::model::Pid;

// Columns, in pixels.
const WIDTH: u32 = 1040;
const ADDRESS_END: u32 = 146;
const KIND: u32 = 156;
const BOX: u32 = 166;
const BOX_WIDTH: u32 = 220;
const SIZE_END: u32 = 462;
const LETTERS: u32 = 478;
const NAME: u32 = 530;
/// How many letters of a name fit.
const NAME_LETTERS: usize = 64;

/// The top of the first row, without the line that some pictures have above it.
const TOP: u32 = 168;
const LINE: u32 = 17;

/// The least height of a row: a line of text.
const ROW: u32 = 18;

/// The height of a break with a label, and of one without.
const BREAK: u32 = 22;
const THIN_BREAK: u32 = 6;

/// A gap of this size has a label.
const LABELLED_GAP: u64 = 1 << 20;

/// Colours that can be distinguished on white and on black, and with red-green blindness.
const STYLE: &str = "\
svg{background:#fff;font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\
text{fill:#1f2328}\
.m{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}\
.h{font-size:20px;font-weight:600}\
.q{fill:#59636e}.e{text-anchor:end}\
.l{stroke:#d1d9e0}.z{stroke:#8c959f;fill:none}\
.t{opacity:.28}\
.c0{fill:#8c959f}.c1{fill:#2f81d6}.c2{fill:#d97706}.c3{fill:#0f8f5f}.c4{fill:#d1242f}\
.k0{fill:#57606a}.k1{fill:#8250df}.k2{fill:#d6409f}.k3{fill:#0aa5b8}.k4{fill:#9a6700}\
.k5{fill:none;stroke:#8c959f}.k6{fill:#1a7f37}\
.u{fill:url(#hatch)}.s{stroke:#59636e;stroke-width:1.5}\
.o{fill:#000;opacity:0}g:hover>.o{opacity:.06}\
@media(prefers-color-scheme:dark){\
svg{background:#0d1117}text{fill:#e6edf3}.q{fill:#9198a1}.l{stroke:#3d444d}.t{opacity:.38}\
.c1{fill:#58a6ff}.c2{fill:#f0883e}.c3{fill:#3fb98a}.c4{fill:#ff6b6b}\
.k0{fill:#b1bac4}.k1{fill:#b392f0}.k2{fill:#f778ba}.k3{fill:#39c5cf}.k4{fill:#d4a72c}\
.k6{fill:#56d364}.s{stroke:#9198a1}\
.o{fill:#fff}g:hover>.o{opacity:.1}}";

/// Slanted lines, for memory that the kernel does not count.
const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" \
    patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <path class=\"s\" d=\"M0 0V6\"/></pattern></defs>\n";

pub(super) fn draw(
    process: Option<(&[u8], Pid)>,
    pieces: &[Piece],
    regions: u64,
    sums: &Amounts,
    out: &mut Vec<u8>,
) {
    let heights = heights(pieces);
    let shared = (pieces.len() as u64) < regions;
    let top = if shared { TOP + LINE } else { TOP };
    let height = top + heights.iter().map(|(gap, row)| gap + row).sum::<u32>() + 24;
    let drawing = &mut Drawing { out };
    drawing.head(process, regions, sums, height);
    if shared {
        let [regions, rows] = [pluralize(regions, "region"), pluralize(pieces.len() as u64, "row")];
        drawing.text(24, 124 + LINE, "q", &format!("Neighbours share rows: {regions} in {rows}."));
    }
    drawing.headings(top);
    let (mut y, mut seen) = (top, 0);
    for (piece, (gap_height, row_height)) in pieces.iter().zip(heights) {
        drawing.gap(y, gap_height, seen, piece.start);
        y += gap_height;
        drawing.row(y, row_height, piece);
        y += row_height;
        seen = piece.end;
    }
    drawing.put(format_args!("</svg>\n"));
}

/// The height of each piece, and of the break before it.
fn heights(pieces: &[Piece]) -> Vec<(u32, u32)> {
    let slope = if pieces.len() <= 60 { 2 } else { 1 };
    let mut seen = 0;
    pieces
        .iter()
        .map(|piece| {
            let gap = match piece.start.saturating_sub(seen) {
                0 => 0,
                small if small < LABELLED_GAP => THIN_BREAK,
                _ => BREAK,
            };
            seen = piece.end;
            let pages = piece.amounts.mapped / 4096;
            (gap, ROW + slope * pages.checked_ilog2().unwrap_or(0))
        })
        .collect()
}

struct Drawing<'a> {
    out: &'a mut Vec<u8>,
}

impl Drawing<'_> {
    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a vector cannot fail.
        let _ = self.out.write_fmt(what);
    }

    fn text(&mut self, x: u32, y: u32, class: &str, text: &str) {
        self.put(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">"));
        self.put(format_args!("{}</text>\n", as_xml(text)));
    }

    fn rect(&mut self, x: u32, y: u32, width: u32, height: u32, class: &str) {
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>\n"
        ));
    }

    fn head(&mut self, process: Option<(&[u8], Pid)>, regions: u64, sums: &Amounts, height: u32) {
        let title = process.map_or_else(
            || "Address space".to_owned(),
            |(name, pid)| format!("Address space of {} ({pid})", shortened(&shown(name), 40)),
        );
        let mut summary = format!("{}, {}", pluralize(regions, "region"), size(sums.mapped));
        if sums.are_counted() {
            summary += &format!(
                ": {} in memory, {} of it written to, and {} swapped out",
                size(sums.resident),
                size(sums.dirtied),
                size(sums.swapped)
            );
        }
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
             <title>{}: {}</title>\n<style>{STYLE}</style>\n{HATCH}",
            as_xml(&title),
            as_xml(&summary)
        ));
        self.text(24, 38, "h", &title);
        self.text(24, 60, "q", &summary);
        self.legend();
        let mut note = "The height of a box follows the logarithm of its size.".to_owned();
        if sums.are_counted() {
            note += " What is filled is in memory.";
        }
        if sums.uncounted > 0 {
            note += " Hatched parts are not counted by the kernel.";
        }
        self.text(24, 124, "q", &format!("{note} Unmapped ranges are folded."));
    }

    fn headings(&mut self, top: u32) {
        for (x, class, heading) in [
            (ADDRESS_END, "q e", "start"),
            (SIZE_END, "q e", "size"),
            (LETTERS, "q", "access"),
            (NAME, "q", "what it is"),
        ] {
            self.text(x, top - 16, class, heading);
        }
        self.put(format_args!("<path class=\"l\" d=\"M24 {y}H{}\"/>\n", WIDTH - 24, y = top - 8));
    }

    fn legend(&mut self) {
        let mut x = 24;
        for (number, access) in Access::ALL.into_iter().enumerate() {
            self.rect(x, 76, 14, 10, &format!("c{number}"));
            let word = match access {
                Access::None => "no access",
                Access::Read => "read",
                Access::Write => "write",
                Access::Execute => "execute",
                Access::WriteAndExecute => "write and execute",
            };
            self.text(x + 20, 85, "", word);
            x += 44 + 7 * word.len() as u32;
        }
        x = 24;
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            self.rect(x, 94, 5, 12, &format!("k{number}"));
            let word = match kind {
                Kind::File => "file",
                Kind::Heap => "heap",
                Kind::Stack => "stack",
                Kind::SharedCache => "shared cache",
                Kind::Commpage => "commpage",
                Kind::Named => "named memory",
                Kind::Anonymous => "anonymous memory",
            };
            self.text(x + 12, 104, "", word);
            x += 38 + 7 * word.len() as u32;
        }
    }

    fn gap(&mut self, y: u32, height: u32, from: u64, to: u64) {
        if height < BREAK {
            return;
        }
        // Two waves, like a broken axis.
        for y in [y + 8, y + 13] {
            self.put(format_args!("<path class=\"z\" d=\"M{BOX} {y}"));
            for _ in 0..BOX_WIDTH / 20 {
                self.put(format_args!("q5 -5 10 0t10 0"));
            }
            self.put(format_args!("\"/>\n"));
        }
        self.text(SIZE_END, y + 15, "q e", &size(to - from));
        self.text(LETTERS, y + 15, "q", "unmapped");
    }

    fn row(&mut self, y: u32, height: u32, piece: &Piece) {
        self.put(format_args!("<g><title>{}</title>\n", as_xml(&tooltip(piece))));
        self.rect(24, y, WIDTH - 48, height, "o");
        let text = y + height / 2 + 4;
        let box_height = height - 1;
        let kind = Kind::ALL.iter().position(|it| *it == piece.kind).unwrap_or(0);
        self.rect(KIND, y, 5, box_height, &format!("k{kind}"));
        let mut x = BOX;
        let widths = widths(piece);
        for (number, shares) in piece.by_access.into_iter().enumerate() {
            let width = widths[number];
            if width > 0 {
                self.rect(x, y, width, box_height, &format!("c{number} t"));
            }
            if width > 0 && shares.resident > 0 {
                let filled = part(width, shares.resident, shares.mapped);
                self.rect(x, y, filled, box_height, &format!("c{number}"));
            }
            if width > 0 && shares.uncounted > 0 {
                let hatched = part(width, shares.uncounted, shares.mapped);
                self.rect(x + width - hatched, y, hatched, box_height, "u");
            }
            x += width;
        }
        self.text(ADDRESS_END, text, "m e", &format!("{:08x}", piece.start));
        self.text(SIZE_END, text, "e", &size(piece.amounts.mapped));
        match &piece.letters {
            Some(letters) => self.text(LETTERS, text, "m", &String::from_utf8_lossy(letters)),
            None => self.text(LETTERS, text, "q", "mixed"),
        }
        let (label, class) = label(piece);
        self.text(NAME, text, class, &shortened(&label, NAME_LETTERS));
        self.put(format_args!("</g>\n"));
    }
}

/// The part's share of a width, at least one pixel.
fn part(width: u32, part: u64, whole: u64) -> u32 {
    let exact = u128::from(width) * u128::from(part) / u128::from(whole.max(1));
    u32::try_from(exact).unwrap_or(width).clamp(1, width.max(1))
}

/// The width of each colour, by its bytes, and wide enough to be seen.
fn widths(piece: &Piece) -> [u32; Access::ALL.len()] {
    const LEAST: u32 = 3;
    let mut widths = piece.by_access.map(|shares| match shares.mapped {
        0 => 0,
        mapped => part(BOX_WIDTH, mapped, piece.amounts.mapped).max(LEAST),
    });
    let sum: u32 = widths.iter().sum();
    if let Some(widest) = widths.iter_mut().max() {
        *widest = (*widest + BOX_WIDTH).saturating_sub(sum);
    }
    widths
}

/// The text beside a row.
fn label(piece: &Piece) -> (String, &'static str) {
    let name = match (piece.name.as_slice(), piece.kind) {
        (b"", Kind::File) => "a file of unknown name".to_owned(),
        (b"", _) => "anonymous".to_owned(),
        (name, _) => shown(name),
    };
    let class = if piece.name.is_empty() { "q" } else { "" };
    if piece.regions == 1 {
        return (name, class);
    }
    let others = if piece.names_differ { " and others" } else { "" };
    let regions = pluralize(piece.regions, "region");
    let room = NAME_LETTERS.saturating_sub(regions.len() + 2 + others.len());
    (format!("{regions}: {}{others}", shortened(&name, room)), class)
}

/// The text that a browser shows for a row under the pointer.
fn tooltip(piece: &Piece) -> String {
    let amounts = &piece.amounts;
    let mut text = format!("{:08x}-{:08x}", piece.start, piece.end);
    if piece.regions > 1 {
        text += &format!(", {}", pluralize(piece.regions, "region"));
    }
    text += &format!("\n{}", size(amounts.mapped));
    if amounts.are_counted() {
        text += &format!(
            ": {} in memory, {} written to, {} swapped out",
            size(amounts.resident),
            size(amounts.dirtied),
            size(amounts.swapped)
        );
    }
    match amounts.uncounted {
        0 => {}
        all if all >= amounts.mapped => text += ", not counted by the kernel",
        some => text += &format!(", {} not counted by the kernel", size(some)),
    }
    if !piece.name.is_empty() {
        text += &format!("\n{}", shown(&piece.name));
    }
    text
}
