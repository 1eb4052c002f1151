//! The image of each address.

use std::collections::{BTreeMap, HashMap};

use crate::kernel::xnu::Image;

/// The address space divided among images. An address that several images claim belongs to none: no
/// answer is better than one that may be wrong.
#[derive(Debug, Default)]
pub(in super::super) struct Claims {
    images: Vec<Image>,
    /// In ascending order, without overlap, none empty. Addresses between them belong to no image.
    claims: Vec<Claim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claim {
    start: u64,
    end: u64,
    /// The number of the image.
    owner: usize,
}

impl Claims {
    /// Images with the same path are one; an image without a path claims nothing.
    pub(in super::super) fn of(images: Vec<Image>) -> Self {
        let claims = settle(edges(&images));
        Claims { images, claims }
    }

    /// The bytes that this keeps, approximately.
    pub(in super::super) fn memory(&self) -> usize {
        let kept = |image: &Image| image.path.len() + size_of_val(image.segments.as_slice());
        let images: usize = self.images.iter().map(|image| kept(image) + size_of::<Image>()).sum();
        images + size_of_val(self.claims.as_slice())
    }

    /// The image of the address, or none, and the end of the range from there on for which this
    /// holds.
    pub(in super::super) fn at(&self, address: u64) -> (u64, Option<&[u8]>) {
        let next = self.claims.partition_point(|claim| claim.end <= address);
        match self.claims.get(next) {
            None => (u64::MAX, None),
            Some(claim) if address < claim.start => (claim.start, None),
            Some(claim) => {
                (claim.end, self.images.get(claim.owner).map(|image| image.path.as_slice()))
            }
        }
    }
}

/// The start or end of a segment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    at: u64,
    begins: bool,
    owner: usize,
}

/// The edges of all segments, in ascending order.
fn edges(images: &[Image]) -> Vec<Edge> {
    let mut owners = HashMap::new();
    let mut edges = Vec::new();
    for (number, image) in images.iter().enumerate().filter(|(_, image)| !image.path.is_empty()) {
        let owner = *owners.entry(&image.path).or_insert(number);
        for segment in &image.segments {
            let end = segment.start.saturating_add(segment.size);
            if segment.start < end {
                edges.push(Edge { at: segment.start, begins: true, owner });
                edges.push(Edge { at: end, begins: false, owner });
            }
        }
    }
    edges.sort_unstable();
    edges
}

/// Goes from edge to edge with the number of open segments of each image.
fn settle(edges: Vec<Edge>) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let mut open = BTreeMap::<usize, usize>::new();
    let mut start = 0;
    for Edge { at, begins, owner } in edges {
        if start < at
            && open.len() == 1
            && let Some((owner, _)) = open.first_key_value()
        {
            match claims.last_mut() {
                Some(last) if last.end == start && last.owner == *owner => last.end = at,
                _ => claims.push(Claim { start, end: at, owner: *owner }),
            }
        }
        start = at;
        let count = open.entry(owner).or_default();
        if begins {
            *count += 1;
        } else {
            // It has begun at a lower address.
            *count -= 1;
            if *count == 0 {
                open.remove(&owner);
            }
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::kernel::xnu::Segment;

    fn image(path: &str, segments: &[(u64, u64)]) -> Image {
        let segments =
            segments.iter().map(|(start, size)| Segment { start: *start, size: *size }).collect();
        Image { path: path.into(), segments }
    }

    /// The claimed ranges, found by a walk along them.
    fn claimed(images: &[Image]) -> Vec<(u64, u64, String)> {
        let claims = Claims::of(images.to_vec());
        let (mut at, mut found) = (0, Vec::new());
        while at < u64::MAX {
            let (end, path) = claims.at(at);
            assert!(end > at);
            found.extend(path.map(|path| (at, end, String::from_utf8(path.to_vec()).unwrap())));
            at = end;
        }
        found
    }

    #[test]
    fn nobody_owns_anything_without_images() {
        assert!(claimed(&[]).is_empty());
        assert!(
            claimed(&[image("", &[(1, 9)]), image("/a", &[]), image("/b", &[(5, 0)])]).is_empty()
        );
        assert_eq!(Claims::default().at(7), (u64::MAX, None));
    }

    #[test]
    fn segments_are_their_images_and_those_that_meet_are_one() {
        let images = [image("/b", &[(20, 5)]), image("/a", &[(15, 5), (10, 5), (30, 1)])];
        let expected = [(10, 20, "/a"), (20, 25, "/b"), (30, 31, "/a")];
        assert_eq!(claimed(&images), expected.map(|(from, to, path)| (from, to, path.to_owned())));
    }

    #[test]
    fn what_two_images_claim_is_nobodys_and_twice_the_same_image_is_one() {
        let images = [image("/a", &[(10, 20), (12, 3)]), image("/b", &[(20, 20)])];
        let expected = [(10, 20, "/a"), (30, 40, "/b")];
        assert_eq!(claimed(&images), expected.map(|(from, to, path)| (from, to, path.to_owned())));
        let twice = [image("/a", &[(10, 20)]), image("/a", &[(10, 20), (30, 5)])];
        assert_eq!(claimed(&twice), [(10, 35, "/a".to_owned())]);
    }

    #[test]
    fn the_top_of_the_address_space_is_no_trap() {
        let images = [image("/a", &[(u64::MAX - 3, u64::MAX)]), image("/b", &[(0, 1)])];
        let expected = [(0, 1, "/b"), (u64::MAX - 3, u64::MAX, "/a")];
        assert_eq!(claimed(&images), expected.map(|(from, to, path)| (from, to, path.to_owned())));
        assert_eq!(Claims::of(images.to_vec()).at(u64::MAX), (u64::MAX, None));
    }
}
