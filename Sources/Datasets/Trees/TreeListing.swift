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
    /// What is wrong with folders, such as a class without an image, and with lists of images' classes.
    var faults: [DataFault] = []
    /// Files that are no images by their names.
    var ignoredFiles = 0
    var hidden = HiddenThings()
    /// Every folder and list that was read: while they are as they were, a scan would find the same.
    var watched: [Watched] = []
  }

  /// Files and folders in the parts that hold no data: see `ByteName.isHidden`.
  struct HiddenThings: Sendable, Equatable, Codable {
    var count = 0
    /// The first of their paths in sorted order, relative to the tree's folder; nil: there are none.
    var first: ByteName?
  }

  struct Watched: Sendable, Equatable, Codable {
    /// Relative to the tree's folder, empty for itself.
    let path: ByteName
    /// Nanoseconds since 1970. 0: it cannot be told from this whether something has changed, as it was shortly before
    /// the scan, or the link is broken.
    let modified: Int64
  }

  var facts = Facts()
  var train = FileList()
  var test: FileList?

  /// Whether files have classes that there are, and lie in the tree: a listing that was read may say anything.
  var isConsistent: Bool {
    [train, test].compactMap(\.self).allSatisfy {
      $0.staysInside && $0.classCounts.count <= facts.classNames.count
    }
  }

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
    let (mine, others) = (facts.classNames.map { ByteName($0) }, other.facts.classNames.map { ByteName($0) })
    let (missing, unexpected) = (Self.first(of: others, notIn: mine), Self.first(of: mine, notIn: others))
    if let missing {
      if let unexpected, unexpected.looksLike(missing) {
        return "the class '\(missing.spelling)' is '\(unexpected.spelling)', which looks the same"
      }
      return "the class \(missing.text) is missing"
    }
    if let unexpected { return "the class \(unexpected.text) is unexpected" }
    if let difference = Self.difference(train, other.train, "training images") { return difference }
    switch (test, other.test) {
    case (nil, nil): return nil
    case (nil, .some): return "\(other.facts.testName ?? "val") is missing"
    case (.some, nil): return "\(facts.testName ?? "val") is unexpected"
    case (let mine?, let others?): return Self.difference(mine, others, "test images")
    }
  }

  private static func first(of names: [ByteName], notIn others: [ByteName]) -> ByteName? {
    let others = Set(others)
    return names.first { !others.contains($0) }
  }

  private static func difference(_ mine: FileList, _ others: FileList, _ noun: String) -> String? {
    guard mine != others else { return nil }
    let counts =
      mine.count == others.count ? "" : " (\(mine.count) \(noun) instead of \(others.count))"
    for index in 0..<max(mine.count, others.count) {
      // Sorted by class, then by path: what is missing or too much comes before what is on the other side.
      let (here, there) = (index < mine.count, index < others.count)
      guard here && there else {
        return (here ? unexpected(index, mine, others) : missing(index, mine, others)) + counts
      }
      let (label, otherLabel) = (mine.label(at: index), others.label(at: index))
      let (path, otherPath) = (mine.path(at: index), others.path(at: index))
      if label == otherLabel && path == otherPath { continue }
      if path == otherPath { return "\(path.text) is in another class" }
      let isTooMuch = label < otherLabel || label == otherLabel && path.precedes(otherPath)
      return (isTooMuch ? unexpected(index, mine, others) : missing(index, mine, others)) + counts
    }
    return nil
  }

  /// That `others` lacks file `index` of `mine`.
  private static func unexpected(_ index: Int, _ mine: FileList, _ others: FileList) -> String {
    let path = ByteName(mine.path(at: index))
    return lookalike(of: path, in: others, notIn: mine).map { renamed($0, path) }
      ?? "\(path.text) is unexpected"
  }

  /// That `mine` lacks file `index` of `others`.
  private static func missing(_ index: Int, _ mine: FileList, _ others: FileList) -> String {
    let path = ByteName(others.path(at: index))
    return lookalike(of: path, in: mine, notIn: others).map { renamed(path, $0) }
      ?? "\(path.text) is missing"
  }

  private static func renamed(_ expected: ByteName, _ found: ByteName) -> String {
    "'\(expected.spelling)' is '\(found.spelling)', which looks the same"
  }

  /// A path that people take for this one. ASCII looks like nothing else.
  private static func lookalike(
    of path: ByteName, in files: FileList, notIn others: FileList
  ) -> ByteName? {
    guard path.bytes.contains(where: { $0 >= 0x80 }) else { return nil }
    func names(_ files: FileList) -> some Sequence<ByteName> {
      (0..<files.count).lazy.map { ByteName(files.path(at: $0)) }
    }
    return names(files).first { name in name.looksLike(path) && !names(others).contains(name) }
  }
}
