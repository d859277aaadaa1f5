//! Pictures of an identity, by which people tell keys apart at a glance. They show few bits and can
//! be imitated: to verify a key, compare the safety number.

use md5::{Digest as _, Md5};

use crate::{
    hash::hex,
    keys::{IdentityKey, KeyError, UNCOMPRESSED_KEY_BYTES},
};

/// Colours on the ring of a colour hash.
pub const RING_COLOURS: u8 = 32;
/// Greatest length of a stretch of the ring, in units.
pub const MAX_STRETCH_UNITS: u8 = 5;
/// How many colour ids there are.
pub const COLOUR_IDS: u8 = 11;
/// Cells along a side of an identicon.
pub const IDENTICON_CELLS: usize = 5;

/// Digits of a colour hash's number: every length in every colour.
const RING_BASE: u128 = 160;
/// The bits of the key that the ring shows.
const RING_BITS: u32 = 80;
/// Side of an identicon's drawing, in pixels.
const CANVAS: usize = 50;
/// Margin on each side.
const MARGIN: usize = 10;
/// Side of a cell, in pixels.
const CELL: usize = 6;

/// One stretch of the ring around a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its length in units, 1 to [`MAX_STRETCH_UNITS`].
    pub length: u8,
    /// Its colour, below [`RING_COLOURS`].
    pub colour: u8,
}

/// The 5 by 5 picture of an identity, mirrored left to right, in one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identicon {
    cells: [[bool; IDENTICON_CELLS]; IDENTICON_CELLS],
    rgb: [u8; 3],
}

/// How an identity looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portrait {
    colour_hash: Vec<Stretch>,
    colour_id: u8,
    identicon: Identicon,
}

impl Portrait {
    /// The pictures of this identity. The ring shows 80 bits of its key.
    ///
    /// # Errors
    /// [`KeyError`] if the key came from a store and is no point of the curve.
    pub fn of(identity: &IdentityKey) -> Result<Self, KeyError> {
        let uncompressed = identity.to_uncompressed()?;
        Ok(Self {
            colour_hash: colour_hash(identity),
            colour_id: colour_id(&uncompressed),
            identicon: Identicon::of(&uncompressed),
        })
    }

    /// The ring around a picture: 1 to 11 stretches. No two that follow each other have one colour.
    #[must_use]
    pub fn colour_hash(&self) -> &[Stretch] {
        &self.colour_hash
    }

    /// Which of [`COLOUR_IDS`] colours stands for the identity.
    #[must_use]
    pub const fn colour_id(&self) -> u8 {
        self.colour_id
    }

    /// The picture.
    #[must_use]
    pub const fn identicon(&self) -> &Identicon {
        &self.identicon
    }
}

/// Eighty bits of the compressed key, from its byte 21 on without the last four bits, as digits of
/// base
/// 160. Leading zeros are left out, so some keys have fewer stretches than others.
fn colour_hash(identity: &IdentityKey) -> Vec<Stretch> {
    let mut number = identity
        .as_bytes()
        .iter()
        .skip(21)
        .take(11)
        .fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    number = (number >> 4) % (1 << RING_BITS);
    let mut stretches = Vec::new();
    loop {
        let [digit, ..] = (number % RING_BASE).to_le_bytes();
        stretches.push(Stretch {
            length: digit / RING_COLOURS + 1,
            colour: digit % RING_COLOURS,
        });
        number /= RING_BASE;
        if number == 0 {
            break;
        }
    }
    stretches.reverse();
    let mut before = None;
    for stretch in &mut stretches {
        if before == Some(stretch.colour) {
            stretch.colour = (stretch.colour + 1) % RING_COLOURS;
        }
        before = Some(stretch.colour);
    }
    stretches
}

/// The key's number modulo [`COLOUR_IDS`].
fn colour_id(uncompressed: &[u8; UNCOMPRESSED_KEY_BYTES]) -> u8 {
    let rest = uncompressed.iter().fold(0, |rest: u16, byte| {
        (rest * 256 + u16::from(*byte)) % u16::from(COLOUR_IDS)
    });
    let [rest, _] = rest.to_le_bytes();
    rest
}

impl Identicon {
    /// From MD5 of the key's text: it is a picture, and needs no resistance to collisions.
    fn of(uncompressed: &[u8; UNCOMPRESSED_KEY_BYTES]) -> Self {
        let digest: [u8; 16] = Md5::digest(format!("0x{}", hex(uncompressed))).into();
        let ([rows @ .., _], [.., hue0, hue1, hue2]) = (digest, digest);
        let mut cells = [[false; IDENTICON_CELLS]; IDENTICON_CELLS];
        let (halves, _) = rows.as_chunks::<3>();
        for (row, [outer, inner, middle]) in cells.iter_mut().zip(halves) {
            *row = [outer, inner, middle, inner, outer].map(|byte| byte % 2 == 0);
        }
        let hue = [hue0, hue1, hue2].map(u32::from).iter().sum();
        Self {
            cells,
            rgb: colour(hue),
        }
    }

    /// Whether each cell is set, row by row from the top.
    #[must_use]
    pub const fn cells(&self) -> &[[bool; IDENTICON_CELLS]; IDENTICON_CELLS] {
        &self.cells
    }

    /// The 25 cells as digits 1 and 0, row by row from the top.
    #[must_use]
    pub fn bitmap(&self) -> String {
        let cells = self.cells.iter().flatten();
        cells.map(|set| if *set { '1' } else { '0' }).collect()
    }

    /// The colour of the cells that are set: red, green, blue.
    #[must_use]
    pub const fn rgb(&self) -> [u8; 3] {
        self.rgb
    }

    /// A drawing of 50 by 50 pixels on transparent ground, complete with its name space.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut path = String::new();
        for (y, row) in self.cells.iter().enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, set)| **set) {
                let (x, y) = (MARGIN + x * CELL, MARGIN + y * CELL);
                path.push_str(&format!("M{x} {y}h{CELL}v{CELL}h-{CELL}z"));
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{CANVAS}\" height=\"{CANVAS}\" viewBox=\"0 0 {CANVAS} {CANVAS}\">\
             <path fill=\"#{}\" shape-rendering=\"crispEdges\" d=\"{path}\"/></svg>",
            hex(&self.rgb)
        )
    }
}

/// Parts of a whole turn of hues.
const TURN: u32 = 3 * 255;

/// HSL with saturation 1/2 and lightness 7/10 as RGB, in integers: the same on every machine.
fn colour(hue: u32) -> [u8; 3] {
    // A channel goes from 0.55 to 0.85 and back, a third of a turn apart from the next.
    [TURN / 3, 0, 2 * TURN / 3].map(|shift| channel((hue + shift) % TURN))
}

fn channel(at: u32) -> u8 {
    // How far between its least and its most, in parts of TURN.
    let height = match at {
        _ if 6 * at < TURN => 6 * at,
        _ if 2 * at < TURN => TURN,
        _ if 3 * at < 2 * TURN => 6 * (2 * TURN / 3 - at),
        _ => 0,
    };
    // (0.55 + 0.3 · height / TURN) of 65535, rounded, and of that the upper byte.
    let (parts, whole) = (u64::from(55 * TURN + 30 * height), u64::from(100 * TURN));
    let sixteen_bits = (2 * 65_535 * parts + whole) / (2 * whole);
    let [_, upper, ..] = sixteen_bits.to_le_bytes();
    upper
}
