/// The parts of a tar file of regular files in POSIX's ustar format that do not depend on what the files hold.
///
/// Source: POSIX.1-2008, pax, "ustar Interchange Format". Owner, group and time are 0, so that the same images
/// give the same bytes.
enum TarFormat {
  /// Headers and files begin at multiples of this many bytes.
  static let unit = 512

  /// What follows the last file.
  static let end = [UInt8](repeating: 0, count: 2 * unit)

  /// How many zeros follow a file of `count` bytes.
  static func padding(after count: Int) -> Int { (unit - count % unit) % unit }

  /// - Parameters:
  ///   - name: At most 100 bytes.
  ///   - size: In bytes, below 8 GB: 11 octal digits.
  static func header(name: String, size: Int) -> [UInt8] {
    precondition(name.utf8.count <= 100 && size >= 0 && size < 1 << 33)
    var header = [UInt8](repeating: 0, count: unit)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    func octal(_ value: Int, digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put(octal(0o644, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(size, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put("0", at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(0, digits: 7), at: 329)
    put(octal(0, digits: 7), at: 337)
    // The sum of all bytes with blanks in its own place.
    put("        ", at: 148)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, digits: 6) + "\0 ", at: 148)
    return header
  }
}
