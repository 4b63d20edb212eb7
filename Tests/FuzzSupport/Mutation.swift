/// One way to spoil a file.
package enum Mutation: CaseIterable {
  case flipBit, setByte, cut, remove, duplicate, splice, editLength, editHeader

  /// Numbers that sit on edges: signs, sizes, markers.
  private static let telling: [UInt8] = [0, 1, 2, 4, 8, 16, 0x11, 0x7F, 0x80, 0xD8, 0xD9, 0xDA, 0xFE, 0xFF]

  /// - Parameter other: Another file, to take a piece from.
  package func apply(to bytes: inout [UInt8], other: [UInt8], _ draw: inout Draws) {
    guard !bytes.isEmpty else { return }
    switch self {
    case .flipBit:
      bytes[draw(below: bytes.count)] ^= 1 << UInt8(draw(below: 8))
    case .setByte:
      bytes[draw(below: bytes.count)] =
        draw(below: 2) == 0 ? draw.element(of: Self.telling) : UInt8(draw(below: 256))
    case .cut:
      bytes.removeLast(draw(below: bytes.count))
    case .remove:
      bytes.removeSubrange(piece(of: bytes, &draw))
    case .duplicate:
      let piece = piece(of: bytes, &draw)
      bytes.insert(contentsOf: bytes[piece], at: piece.upperBound)
    case .splice:
      guard !other.isEmpty else { return }
      bytes.insert(contentsOf: other[piece(of: other, &draw)], at: draw(below: bytes.count))
    case .editLength:
      // Two bytes after a JPEG's marker, four before a PNG's chunk: wherever they are, a size that lies.
      let markers = bytes.indices.dropLast(3).filter { bytes[$0] == 0xFF && bytes[$0 + 1] >= 0xC0 }
      guard !markers.isEmpty else { return bytes[min(11, bytes.count - 1)] = UInt8(draw(below: 256)) }
      bytes[draw.element(of: markers) + 2 + draw(below: 2)] = draw.element(of: Self.telling)
    case .editHeader:
      // Sizes, sampling factors, tables: what everything after depends on.
      bytes[draw(below: min(bytes.count, 700))] = draw.element(of: Self.telling)
    }
  }

  /// A range of up to 64 bytes, rarely of any length.
  private func piece(of bytes: [UInt8], _ draw: inout Draws) -> Range<Int> {
    let start = draw(below: bytes.count)
    let limit = draw(below: 8) == 0 ? bytes.count : 64
    return start..<start + 1 + draw(below: min(limit, bytes.count - start))
  }
}
