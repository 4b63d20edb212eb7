import Foundation
import Images
import Testing

/// The pictures that `scripts/make_image_fixtures.py` has written.
enum ImageFixtures {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/images")

  struct Sound: Decodable, Sendable, CustomTestStringConvertible {
    let file: String
    let width: Int
    let height: Int

    var testDescription: String { file }

    func bytes() throws -> [UInt8] { try ImageFixtures.bytes(file) }

    /// The pixels as Pillow has them.
    func pixels() throws -> [UInt8] {
      try ImageFixtures.bytes((file as NSString).deletingPathExtension + ".rgb")
    }
  }

  struct Broken: Decodable, Sendable, CustomTestStringConvertible {
    let file: String
    /// The name of an `ImageError`.
    let error: String
    /// Whether only strict decoding throws it.
    let strict_only: Bool

    var testDescription: String { file }

    func bytes() throws -> [UInt8] { try ImageFixtures.bytes("broken/" + file) }
  }

  struct Manifest: Decodable {
    var sound: [Sound] = []
    var broken: [Broken] = []
  }

  static let manifest: Manifest = {
    let file = folder.appendingPathComponent("manifest.json")
    return (try? JSONDecoder().decode(Manifest.self, from: Data(contentsOf: file))) ?? Manifest()
  }()

  static func bytes(_ name: String) throws -> [UInt8] {
    try Array(Data(contentsOf: folder.appendingPathComponent(name)))
  }
}
