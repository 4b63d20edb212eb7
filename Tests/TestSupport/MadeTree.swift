import Foundation

/// A tree of class folders that a test makes, with images of noise.
public struct MadeTree {
  public let folder: URL

  public init(in folder: URL) { self.folder = folder }

  public var path: String { folder.path }

  /// A training part of `cat` and `dog` with four images each, and a part to test on with two each.
  public static func pets(in folder: URL) throws -> MadeTree {
    let tree = MadeTree(in: folder)
    for name in ["cat", "dog"] {
      try tree.addImages(4, to: "train/\(name)")
      try tree.addImages(2, to: "val/\(name)")
    }
    return tree
  }

  public func url(_ path: String) -> URL { folder.appendingPathComponent(path) }

  /// Writes a file; folders that it is in are made.
  public func write(_ path: String, _ bytes: some Sequence<UInt8>) throws {
    try FileManager.default.createDirectory(
      at: url(path).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url(path))
  }

  public func write(_ path: String, _ text: String) throws { try write(path, text.utf8) }

  /// Writes `0.png`, `1.png`, … of 16×16 pixels, no two alike.
  public func addImages(_ count: Int, to path: String) throws {
    for number in 0..<count {
      try write(
        "\(path)/\(number).png", TestImage.png(seed: path.utf8.reduce(number) { $0 &* 31 &+ Int($1) }))
    }
  }

  public func remove(_ path: String) throws { try FileManager.default.removeItem(at: url(path)) }

  /// Makes all folders an hour old: what was made a moment ago is taken for still changing.
  public func age() throws {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    for path in [folder.path] + names.map({ "\(folder.path)/\($0)" }) {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
        continue
      }
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_600_000_000)], ofItemAtPath: path)
    }
  }
}

/// Images without a library that makes them.
public enum TestImage {
  /// A PNG of noise: 8 bits a channel, red, green and blue, not compressed.
  ///
  /// - Parameter side: Width and height that its header claims, if they are not the true ones.
  public static func png(
    width: Int = 16, height: Int = 16, seed: Int = 0, claiming side: Int? = nil
  ) -> [UInt8] {
    var state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    var rows: [UInt8] = []
    for _ in 0..<height {
      rows.append(0)  // no filter
      for _ in 0..<3 * width {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        rows.append(UInt8(truncatingIfNeeded: state >> 56))
      }
    }
    // One stored block of deflate, in zlib's frame (RFC 1950 and 1951).
    precondition(rows.count <= 0xFFFF, "one block holds \(0xFFFF) bytes")
    let length = UInt16(rows.count)
    let compressed = [0x78, 0x01, 0x01] + little(length) + little(~length) + rows + big(adler32(rows))
    return header(width: side ?? width, height: side ?? height) + chunk("IDAT", compressed)
      + chunk("IEND", [])
  }

  /// A PNG's signature and first chunk.
  private static func header(width: Int, height: Int) -> [UInt8] {
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", big(UInt32(width)) + big(UInt32(height)) + [8, 2, 0, 0, 0])
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return big(UInt32(data.count)) + body + big(crc32(body))
  }

  private static func big(_ number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }

  private static func little(_ number: UInt16) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
  }

  private static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return b << 16 | a
  }
}
