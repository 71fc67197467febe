//! One message, one packet, one limit.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest message one process may send another, in bytes. A row with the longest path, six
/// containers around it and sixteen findings is under 60 KiB unless hostile names make it
/// longer; those rows are sent shortened, as not examined.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;

/// Why a message cannot be sent or understood.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than [`FRAME_BYTES_MAX`].
    #[error("message of {0} bytes is longer than {FRAME_BYTES_MAX}")]
    TooLong(usize),
    /// Not the message that was expected.
    #[error("malformed message")]
    Malformed(#[source] serde_json::Error),
}

/// The packet that carries `message`.
///
/// # Errors
/// [`FrameError::TooLong`], or [`FrameError::Malformed`] for a value JSON cannot hold.
pub fn encode(message: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let packet = serde_json::to_vec(message).map_err(FrameError::Malformed)?;
    if FRAME_BYTES_MAX < packet.len() {
        return Err(FrameError::TooLong(packet.len()));
    }
    Ok(packet)
}

/// The message in `packet`.
///
/// # Errors
/// [`FrameError::TooLong`] before anything is parsed; [`FrameError::Malformed`].
pub fn decode<M: DeserializeOwned>(packet: &[u8]) -> Result<M, FrameError> {
    if FRAME_BYTES_MAX < packet.len() {
        return Err(FrameError::TooLong(packet.len()));
    }
    serde_json::from_slice(packet).map_err(FrameError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_past_the_limit_is_neither_sent_nor_read() {
        let long = "x".repeat(FRAME_BYTES_MAX);
        assert!(matches!(encode(&long), Err(FrameError::TooLong(65538))));
        let packet = vec![b' '; FRAME_BYTES_MAX + 1];
        assert!(matches!(
            decode::<String>(&packet),
            Err(FrameError::TooLong(65537))
        ));
    }
}
