/// The flood's bytes, made on both sides: fills the room, gives the length, 0 at the end.
fn flightboard_pty_host_stream(bytes: u64) -> impl FnMut(&mut [u8]) -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut left = bytes;
    move |room: &mut [u8]| {
        let len = left.min(room.len() as u64) as usize;
        for piece in room[..len].chunks_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            piece.copy_from_slice(&state.to_le_bytes()[..piece.len()]);
        }
        left -= len as u64;
        len
    }
}
