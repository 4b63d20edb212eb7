import Crypto
import Foundation
import Foundations
import Tensors

/// What a scan found in a tree.
struct TreeListing: Sendable, Equatable {
  /// Everything but the paths.
  struct Facts: Sendable, Equatable, Codable {
    var classNames: [String] = []
    /// The folder of the part to test on, `val` or `test`; nil: there is none.
    var testName: String?
    /// One sentence each.
    var warnings: [String] = []
    /// Class folders without an image.
    var emptyClasses: [DataFault] = []
    /// Files that are no images by their names.
    var ignoredFiles = 0
    /// Every folder and list that was read: while they are as they were, a scan would find the same.
    var watched: [Watched] = []
  }

  struct Watched: Sendable, Equatable, Codable {
    /// Relative to the tree's folder, empty for itself.
    let path: String
    /// Nanoseconds since 1970. 0: so shortly before the scan that a later change may have left it as it is.
    let modified: Int64
  }

  var facts = Facts()
  var train = FileList()
  var test: FileList?

  /// Training and test files.
  var fileCount: Int { train.count + (test?.count ?? 0) }

  /// SHA-256 over classes and paths: it decides which image has which number and label.
  var digest: String {
    var hash = SHA256()
    for name in facts.classNames { hash.update(data: Data("\(name)\n".utf8)) }
    for files in [train, test] {
      guard let files else { continue }
      hash.update(data: Data(files.classCounts.map { "\($0) " }.joined().utf8 + [UInt8(ascii: "\n")]))
      files.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return hash.finalize().hexadecimal
  }

  /// Path of file `number`, those of the test part after those of the training part.
  func path(ofFile number: Int) -> ArraySlice<UInt8> {
    number < train.count ? train.path(at: number) : test!.path(at: number - train.count)
  }

  /// What is not as in `other`, which was found elsewhere; nil: images have the same numbers and labels.
  func difference(from other: TreeListing) -> String? {
    let (mine, others) = (Set(facts.classNames), Set(other.facts.classNames))
    if let name = other.facts.classNames.first(where: { !mine.contains($0) }) {
      return "the class \(name) is missing"
    }
    if let name = facts.classNames.first(where: { !others.contains($0) }) {
      return "the class \(name) is unexpected"
    }
    if let difference = Self.difference(train, other.train, "training images") { return difference }
    switch (test, other.test) {
    case (nil, nil): return nil
    case (nil, .some): return "\(other.facts.testName ?? "val") is missing"
    case (.some, nil): return "\(facts.testName ?? "val") is unexpected"
    case (let mine?, let others?): return Self.difference(mine, others, "test images")
    }
  }

  private static func difference(_ mine: FileList, _ others: FileList, _ noun: String) -> String? {
    guard mine != others else { return nil }
    let counts =
      mine.count == others.count ? "" : " (\(mine.count) \(noun) instead of \(others.count))"
    for index in 0..<max(mine.count, others.count) {
      // Sorted by class, then by path: what is missing or too much comes before what is on the other side.
      let (here, there) = (index < mine.count, index < others.count)
      let order =
        here && there
        ? (mine.label(at: index), mine.path(at: index), others.label(at: index), others.path(at: index)) : nil
      if let (label, path, otherLabel, otherPath) = order {
        if label == otherLabel && path == otherPath { continue }
        if path == otherPath { return "\(path.text) is in another class" }
        let isTooMuch = label < otherLabel || label == otherLabel && path.precedes(otherPath)
        return (isTooMuch ? "\(path.text) is unexpected" : "\(otherPath.text) is missing") + counts
      }
      return
        (here ? "\(mine.path(at: index).text) is unexpected" : "\(others.path(at: index).text) is missing")
        + counts
    }
    return nil
  }
}
