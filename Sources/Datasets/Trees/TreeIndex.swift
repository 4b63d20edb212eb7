import Crypto
import Foundation
import Foundations

/// A listing with what it was made of: what rank 0 sends to the others, and what a run keeps for its next start.
struct TreeIndex: Sendable, Equatable {
  let form: TreeForm
  /// Absolute.
  let folder: String
  let classesDigest: String?
  let listing: TreeListing
  /// Numbers of the files that could not be used when they were checked; nil: they were not.
  var faulty: [Int]?

  /// - Parameter folder: As a person named it.
  init(_ form: TreeForm, _ folder: String, classes: ClassList?, listing: TreeListing) {
    self.form = form
    self.folder = Self.absolute(folder)
    classesDigest = classes?.digest
    self.listing = listing
  }

  private static func absolute(_ folder: String) -> String {
    URL(fileURLWithPath: folder).standardizedFileURL.path
  }

  /// Whether a scan would find the same.
  func isValid(_ form: TreeForm, _ folder: String, classes: ClassList?) -> Bool {
    guard self.form == form, ByteName(self.folder) == ByteName(Self.absolute(folder)),
      classesDigest == classes?.digest
    else { return false }
    return listing.facts.watched.allSatisfy { watched in
      watched.modified != 0
        && FilePath(folder: folder, watched.path.bytes).status?.modified == watched.modified
    }
  }

  // MARK: Bytes

  /// Changes with the form of what follows it, and with what a scan finds in the same tree.
  private static let mark = Array("sluice data index 2\n".utf8)

  private struct Header: Codable {
    let form: TreeForm
    let folder: String
    let classesDigest: String?
    let facts: TreeListing.Facts
    let faulty: [Int]?
    let trainBytes: Int
    let trainCounts: [Int]
    let testCounts: [Int]?
  }

  /// The mark, a line of JSON, the paths of both parts with a zero after each, SHA-256 of all this.
  func encoded() throws -> [UInt8] {
    let header = Header(
      form: form, folder: folder, classesDigest: classesDigest, facts: listing.facts, faulty: faulty,
      trainBytes: listing.train.bytes.count, trainCounts: listing.train.classCounts,
      testCounts: listing.test?.classCounts)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var bytes = Self.mark
    bytes.append(contentsOf: try encoder.encode(header))
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: listing.train.bytes)
    bytes.append(contentsOf: listing.test?.bytes ?? [])
    bytes.append(contentsOf: SHA256.hash(data: bytes))
    return bytes
  }

  /// - Returns: nil for bytes that are not exactly what `encoded` returned.
  init?(_ bytes: [UInt8]) {
    let contents = bytes.dropLast(SHA256.byteCount)
    guard bytes.starts(with: Self.mark),
      SHA256.hash(data: contents).elementsEqual(bytes.suffix(SHA256.byteCount)),
      let end = contents.dropFirst(Self.mark.count).firstIndex(of: UInt8(ascii: "\n")),
      let header = try? JSONDecoder().decode(Header.self, from: Data(contents[Self.mark.count..<end]))
    else { return nil }
    let paths = contents[(end + 1)...]
    guard (0...paths.count).contains(header.trainBytes),
      header.testCounts != nil || header.trainBytes == paths.count,
      let train = FileList(bytes: Array(paths.prefix(header.trainBytes)), classCounts: header.trainCounts)
    else { return nil }
    var test: FileList?
    if let counts = header.testCounts {
      guard let files = FileList(bytes: Array(paths.dropFirst(header.trainBytes)), classCounts: counts) else {
        return nil
      }
      test = files
    }
    let listing = TreeListing(facts: header.facts, train: train, test: test)
    guard listing.isConsistent, (header.faulty ?? []).allSatisfy((0..<listing.fileCount).contains) else {
      return nil
    }
    form = header.form
    folder = header.folder
    classesDigest = header.classesDigest
    self.listing = listing
    faulty = header.faulty
  }
}
