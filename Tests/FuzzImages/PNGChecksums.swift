/// Sets right the checksums of a PNG's chunks, as far as it has any: otherwise a decoder would stop at the first
/// changed byte and never see the rest.
func repairChecksums(_ bytes: inout [UInt8]) {
  var at = 8
  while at + 12 <= bytes.count {
    let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - at - 12 else { return }
    let end = at + 8 + length
    let checksum = crc32(bytes[at + 4..<end])
    for i in 0..<4 { bytes[end + i] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * i)) }
    at = end + 4
  }
}

/// Source: PNG specification, annex D.
private func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  var register: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    register = (register >> 8) ^ crcTable[Int(UInt8(truncatingIfNeeded: register) ^ byte)]
  }
  return ~register
}

private let crcTable: [UInt32] = (0..<256).map { number in
  var value = UInt32(number)
  for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : 0xEDB8_8320 ^ (value >> 1) }
  return value
}
