import Foundation
import Foundations
import Tensors

/// `manifest.json`: size and SHA-256 of every other file of a checkpoint.
struct CheckpointManifest: Codable, Equatable {
  struct File: Codable, Equatable {
    let bytes: Int
    let sha256: String
  }

  static let fileName = "manifest.json"
  var format = 1
  let step: Int
  var files: [String: File] = [:]

  init(step: Int) { self.step = step }

  /// Reads that of a checkpoint.
  ///
  /// - Throws: `CheckpointError.missing` where the folder is none, `.damaged`.
  init(in folder: String) throws(CheckpointError) {
    let path = "\(folder)/\(Self.fileName)"
    guard FileManager.default.fileExists(atPath: folder) else {
      throw .missing(path: folder, problem: "there is no such folder")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .missing(path: folder, problem: "it holds no readable \(Self.fileName)")
    }
    guard let manifest = try? JSONDecoder().decode(Self.self, from: data) else {
      throw .damaged(path: path, problem: "it is not the JSON that was written")
    }
    guard manifest.format == 1 else {
      throw .missing(path: folder, problem: "its format is \(manifest.format); this program reads 1")
    }
    self = manifest
  }

  func encode() -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    // Whole numbers and text always encode.
    return try! encoder.encode(self)
  }

  /// - Throws: `CheckpointError.damaged` if a file is not the one that was written.
  func verify(folder: String) throws(CheckpointError) {
    for (name, file) in files.sorted(by: { $0.key < $1.key }) {
      let path = "\(folder)/\(name)"
      func damaged(_ problem: String) -> CheckpointError { .damaged(path: path, problem: problem) }
      let found: (bytes: Int, digest: String)
      do {
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        found.bytes = size ?? 0
        guard found.bytes == file.bytes else {
          throw damaged("it has \(found.bytes) bytes, its manifest says \(file.bytes)")
        }
        found.digest = try DurableFiles.digest(ofFile: path)
      } catch let error as CheckpointError {
        throw error
      } catch {
        throw damaged("it cannot be read: \(error.fileReason)")
      }
      guard found.digest == file.sha256 else { throw damaged("its SHA-256 is not that of its manifest") }
    }
  }
}
