import Foundation
import Foundations

/// `manifest.json`: size and SHA-256 of every other file of a checkpoint, and of itself.
struct CheckpointManifest: Codable, Equatable {
  struct File: Codable, Equatable {
    let bytes: Int
    let sha256: String
  }

  static let fileName = "manifest.json"
  var format = 1
  let step: Int
  var files: [String: File] = [:]
  /// SHA-256 of the file with zeros in the place of these digits: a byte that changed in it is noticed like one in any
  /// other. nil: written by 0.1.0.
  private var digest: String?

  /// A checkpoint has ten files, each of which takes a few lines.
  private static let mostBytes = 1 << 20
  private static let noDigest = String(repeating: "0", count: 64)

  init(step: Int) { self.step = step }

  /// Reads that of a checkpoint.
  ///
  /// - Throws: `CheckpointError.missing` where the folder is none, `.damaged`.
  init(in folder: String) throws(CheckpointError) {
    let path = "\(folder)/\(Self.fileName)"
    guard FileManager.default.fileExists(atPath: folder) else {
      throw .missing(path: folder, problem: "there is no such folder")
    }
    guard let file = try? RegularFile(path), file.size <= Self.mostBytes, let bytes = try? file.read() else {
      throw .missing(path: folder, problem: "it holds no readable \(Self.fileName)")
    }
    try self.init(Data(bytes), in: folder)
  }

  /// Reads its bytes; `folder` is that of the checkpoint.
  ///
  /// - Throws: `CheckpointError.missing` for another format, `.damaged`.
  init(_ data: Data, in folder: String) throws(CheckpointError) {
    func damaged(_ problem: String) -> CheckpointError {
      .damaged(path: "\(folder)/\(Self.fileName)", problem: problem)
    }
    guard let manifest = try? JSONDecoder().decode(Self.self, from: data) else {
      throw damaged("it is not the JSON that was written")
    }
    guard manifest.format == 1 else {
      throw .missing(path: folder, problem: "its format is \(manifest.format); this program reads 1")
    }
    guard manifest.vouches(for: data) else { throw damaged("its bytes are not those that were written") }
    if let stranger = manifest.files.keys.map({ ByteName($0) }).sorted().first(where: { !$0.isFileName }) {
      throw damaged("'\(stranger.text)' is no file of the checkpoint")
    }
    guard manifest.step.isCount, manifest.files.values.allSatisfy(\.bytes.isSize) else {
      throw damaged("its numbers are none that a checkpoint can have")
    }
    self = manifest
  }

  /// Whether these are the bytes that were written.
  private func vouches(for data: Data) -> Bool {
    guard let digest else {
      // Not the name of the digest changed, so that it seems to be none.
      let keys = try? JSONDecoder().decode([String: JSONValue].self, from: data).keys.sorted()
      return keys == ["files", "format", "step"]
    }
    guard digest.utf8.count == Self.noDigest.utf8.count, let place = data.range(of: Data(digest.utf8)) else {
      return false
    }
    var withoutDigest = data
    withoutDigest.replaceSubrange(place, with: Data(Self.noDigest.utf8))
    return DurableFiles.digest(withoutDigest) == digest
  }

  /// The bytes of the file; equal manifests give equal bytes.
  func encode() -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    var manifest = self
    // Whole numbers and text always encode.
    manifest.digest = Self.noDigest
    manifest.digest = DurableFiles.digest(try! encoder.encode(manifest))
    return try! encoder.encode(manifest)
  }

  /// In the order in which they are looked at.
  var fileNames: [String] { files.keys.sorted() }

  /// - Throws: `CheckpointError.damaged` if a file is not the one that was written.
  func verify(folder: String) throws(CheckpointError) {
    for name in fileNames { try verify(name, in: folder, reading: true) }
  }

  /// - Parameters:
  ///   - name: One of `fileNames`.
  ///   - reading: Whether its bytes are looked at as well as its size.
  /// - Throws: `CheckpointError.damaged` if a file is not the one that was written.
  func verify(_ name: String, in folder: String, reading: Bool) throws(CheckpointError) {
    let path = "\(folder)/\(name)"
    func damaged(_ problem: String) -> CheckpointError { .damaged(path: path, problem: problem) }
    let expected = files[name]!
    do {
      guard let file = try RegularFile(path) else {
        throw damaged("it cannot be read: \(String(cString: strerror(ENOENT)))")
      }
      guard file.size == expected.bytes else {
        throw damaged("it has \(file.size) bytes, its manifest says \(expected.bytes)")
      }
      guard try !reading || DurableFiles.digest(ofFile: path) == expected.sha256 else {
        throw damaged("its SHA-256 is not that of its manifest")
      }
    } catch let error as CheckpointError {
      throw error
    } catch let error as UnreadableText {
      throw damaged("it cannot be read: \(error.reason)")
    } catch {
      throw damaged("it cannot be read: \(error.fileReason)")
    }
  }
}
