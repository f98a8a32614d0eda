//! A decoder of BTP packets that shares nothing with the real one: written from RFC 0023 and RFC 0030, as a table of what stands
//! where, and from what is our own choice, where it says so. It is slow, and plain enough to be believed.

/// A packet, as what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) kind: u8,
    pub(super) request_id: u32,
    pub(super) fields: Vec<Field>,
    /// Name, content type, data.
    pub(super) entries: Vec<(Vec<u8>, u8, Vec<u8>)>,
}

/// What stands between the request's id and the protocol data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Octets(Vec<u8>),
    Number(u64),
    /// Milliseconds since 1970.
    Time(i64),
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Longer, or with more entries, than the limits allow.
    Limit,
    /// No packet has this type.
    Type,
    /// More entries than there are bytes for, or a count that is not in its one form.
    Count,
    /// It is not a UTC time that exists.
    Time,
    /// A byte is not ASCII.
    Ascii,
    /// A length that is not in its one form or is too long, or an end too soon.
    Length,
}

/// How a field is written.
#[derive(Clone, Copy)]
enum Form {
    /// So many octets.
    Fixed(usize),
    /// So many octets of ASCII.
    FixedAscii(usize),
    /// A length, and octets.
    Octets,
    /// A length, and octets of ASCII.
    Ascii,
    /// Eight octets.
    Number,
    /// A length, and `YYYYMMDDHHMMSS[.f]Z`.
    Time,
}

/// RFC 0023: the packet types 1 to 7. All end with protocol data.
const FORMS: [&[Form]; 7] = {
    use Form::{Ascii, Fixed, FixedAscii, Number, Octets, Time};
    [
        &[],
        &[FixedAscii(3), Ascii, Time, Octets],
        &[Fixed(16), Number, Fixed(32), Time],
        &[Fixed(16), Fixed(32)],
        &[Fixed(16)],
        &[],
        &[Number],
    ]
};

// Our own limits, where nobody sets others. The RFCs have none.
const FRAME_BYTES: usize = 128 * 1024;
const ENTRIES: u64 = 64;
const NAME_BYTES: usize = 255;

/// A name's length, a content type, and a length of data. That a count must leave room for so much of each is our own rule: it is
/// wrong before the first entry is read.
const SMALLEST_ENTRY: u64 = 3;

/// A packet, and whether the bytes are those that it must be sent as.
pub(super) fn read(frame: &[u8]) -> Result<(Packet, bool), Refusal> {
    if frame.len() > FRAME_BYTES {
        return Err(Refusal::Limit);
    }
    let mut rest = frame;
    let kind = take(&mut rest, 1)?[0];
    let request_id = u32::from_be_bytes(take(&mut rest, 4)?.try_into().expect("they are four"));
    let mut content = octets(&mut rest)?;
    let mut is_canonical = rest.is_empty();
    let forms = FORMS.get(usize::from(kind).wrapping_sub(1)).ok_or(Refusal::Type)?;
    let mut fields = Vec::new();
    for form in *forms {
        fields.push(match form {
            Form::Fixed(length) => Field::Octets(take(&mut content, *length)?.into()),
            Form::FixedAscii(length) => Field::Octets(ascii(take(&mut content, *length)?)?.into()),
            Form::Octets => Field::Octets(octets(&mut content)?.into()),
            Form::Ascii => Field::Octets(ascii(octets(&mut content)?)?.into()),
            Form::Number => Field::Number(u64::from_be_bytes(take(&mut content, 8)?.try_into().expect("they are eight"))),
            Form::Time => {
                let text = octets(&mut content)?;
                is_canonical &= text.len() == "20171106123456.789Z".len();
                Field::Time(time(text).ok_or(Refusal::Time)?)
            }
        });
    }
    let count = count(&mut content)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let name = ascii(octets(&mut content)?)?;
        if name.len() > NAME_BYTES {
            return Err(Refusal::Limit);
        }
        entries.push((name.into(), take(&mut content, 1)?[0], octets(&mut content)?.into()));
    }
    is_canonical &= content.is_empty();
    Ok((Packet { kind, request_id, fields, entries }, is_canonical))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Refusal> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Refusal::Length)?;
    *rest = left;
    Ok(taken)
}

/// RFC 0030, *Length determinant*: one byte below 128, or how many bytes follow, without leading zeros.
fn octets<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Refusal> {
    let length = match take(rest, 1)?[0] {
        short @ ..128 => u64::from(short),
        long => Some(unsigned(take(rest, usize::from(long - 128))?)?).filter(|length| *length >= 128).ok_or(Refusal::Length)?,
    };
    take(rest, usize::try_from(length).map_err(|_| Refusal::Length)?)
}

/// Big endian; at least one byte, and none that does not count.
fn unsigned(bytes: &[u8]) -> Result<u64, Refusal> {
    match bytes {
        [] | [0, _, ..] => Err(Refusal::Length),
        bytes if bytes.len() > 8 => Err(Refusal::Length),
        bytes => Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))),
    }
}

fn count(rest: &mut &[u8]) -> Result<u64, Refusal> {
    // A count of so many bytes that they need more than one byte for their number is more than there can be entries.
    let count = octets(rest).and_then(unsigned).map_err(|_| Refusal::Count)?;
    match count {
        count if count > rest.len() as u64 / SMALLEST_ENTRY => Err(Refusal::Count),
        count if count > ENTRIES => Err(Refusal::Limit),
        count => Ok(count),
    }
}

fn ascii(octets: &[u8]) -> Result<&[u8], Refusal> {
    if octets.iter().all(|octet| *octet < 128) { Ok(octets) } else { Err(Refusal::Ascii) }
}

/// Milliseconds since 1970; what is beyond them is cut off. From none to nine digits of fraction are our own choice: the canonical
/// form has as many as are needed, and BTP peers write three.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    let text = text.strip_suffix(b"Z")?;
    let (whole, fraction) = text.split_at_checked(14)?;
    let fraction = match fraction {
        [] => &b""[..],
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => digits,
        _ => return None,
    };
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    let [month, day, hour, minute, second] = [4, 6, 8, 10, 12].map(|at| number(&whole[at..at + 2]));
    let year = number(&whole[..4]);
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = [31, if is_leap_year { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let this_month = *days.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if !(1..=this_month).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // The leap years before this one, from the year 0 on, which is one.
    let leap_years = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    let before_this_month: i64 = days.iter().take(usize::try_from(month).ok()? - 1).sum();
    let since_1970 = year * 365 + leap_years + before_this_month + day - 1 - 719_528;
    let millis = (0..3).map(|at| fraction.get(at).copied().unwrap_or(b'0')).fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    Some((((since_1970 * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis)
}
