import Foundation
import TestSupport
import Testing

@testable import Datasets

/// What a scan finds in a tree that `make` makes in an empty folder.
///
/// - Throws: `RefusedTree` with the sentence that a person sees, DIR in the folder's place.
func scan(
  _ form: TreeForm = .folder, classes: [String]? = nil, making make: (MadeTree) throws -> Void
) throws -> TreeListing {
  try withTemporaryFolder { folder in
    let tree = MadeTree(in: folder)
    try make(tree)
    func short(_ text: String) -> String { text.replacing(folder.path, with: "DIR") }
    do {
      var listing = try TreeScan.listing(form, folder.path, classes: classes.flatMap { ClassList($0) })
      listing.facts.warnings = listing.facts.warnings.map(short)
      listing.facts.faults = listing.facts.faults.map {
        DataFault(name: short($0.name), reason: short($0.reason))
      }
      return listing
    } catch let error as DatasetError {
      throw RefusedTree(message: short(error.description))
    }
  }
}

struct RefusedTree: Error { let message: String }

/// Why a scan refuses a tree.
func refusal(
  _ form: TreeForm = .folder, classes: [String]? = nil, making make: (MadeTree) throws -> Void
) -> String? {
  #expect(throws: RefusedTree.self) { _ = try scan(form, classes: classes, making: make) }?.message
}

func paths(_ files: FileList?) -> [String] {
  files.map { files in (0..<files.count).map { files.path(at: $0).text } } ?? []
}

extension MadeTree {
  func link(_ path: String, to target: String) throws {
    try FileManager.default.createDirectory(
      at: url(path).deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: url(path).path, withDestinationPath: target)
  }
}

/// A name that looks the same in two normal forms of Unicode.
let cafe = (nfc: "caf\u{E9}", nfd: "cafe\u{301}")
