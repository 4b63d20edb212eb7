import Foundation
import Foundations
import Images
import TestSupport
import Testing

@testable import Datasets

/// Indices of packs and of trees that say what cannot be.
@Suite struct UntrustedIndexTests {
  private static func index(
    _ shards: [PackedIndex.Shard], images: Int, imageSize: Int = 224, sourceBytes: Int = 9
  )
    throws -> Data
  {
    let index = PackedIndex(
      plan: PackPlan(
        source: "folder:x", sourceDigest: nil, maxSide: nil, quality: nil,
        parts: PerPart(train: .init(images: images, shards: shards.count))),
      classNames: ["a"], normalization: Colours(.imageNet), imageSize: imageSize, sourceNotes: [],
      sourceBytes: sourceBytes, parts: PerPart(train: .init(images: images, shards: shards, skipped: [])))
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return try encoder.encode(index)
  }

  private static func shard(_ name: String, images: Int = 1, bytes: Int = 9) -> PackedIndex.Shard {
    .init(name: name, images: images, bytes: bytes, sha256: "", indexSha256: "")
  }

  private static func problem(_ data: Data) -> String? {
    do throws(DatasetError) {
      _ = try PackedIndex(data, path: "p")
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func aPackIsRead() throws {
    #expect(try Self.problem(Self.index([Self.shard("a.tar"), Self.shard("b.tar")], images: 2)) == nil)
  }

  @Test(arguments: ["../a.tar", "/etc/passwd", "a/b.tar", "..", "", "a\0.tar"])
  func shardsAreFilesOfTheFolder(name: String) throws {
    let text = try #require(try Self.problem(Self.index([Self.shard(name)], images: 1)))
    #expect(text.hasPrefix("p is damaged: its shard '") && text.contains("is no file of the folder"))
  }

  @Test func aShardIsThereOnce() throws {
    #expect(
      try Self.problem(Self.index([Self.shard("a.tar"), Self.shard("a.tar")], images: 2))
        == "p is damaged: it names a shard twice; restore it, or pack again")
  }

  @Test(arguments: [
    (images: 3, shards: [(1, 9), (1, 9)]), (images: -1, shards: [(-1, 9)]), (images: 1, shards: [(1, -9)]),
    (images: .max, shards: [(.max, 9)]), (images: 2, shards: [(1, .max), (1, .max)]),
    (images: 0, shards: [(1, 9), (-1, 9)]),
  ])
  func numbersThatCannotBeAreRefused(images: Int, shards: [(Int, Int)]) throws {
    let made = shards.enumerated().map { Self.shard("\($0).tar", images: $1.0, bytes: $1.1) }
    #expect(
      try Self.problem(Self.index(made, images: images))
        == "p is damaged: its numbers of images and bytes do not fit together; restore it, or pack again")
  }

  @Test func manyLargeShardsDoNotOverflow() throws {
    let made = (0..<1025).map { Self.shard("\($0).tar", bytes: 1 << 53) }
    #expect(try Self.problem(Self.index(made, images: 1025)) != nil)
    #expect(try Self.problem(Self.index([Self.shard("a.tar")], images: 1, sourceBytes: .max)) != nil)
    #expect(try Self.problem(Self.index([Self.shard("a.tar")], images: 1, imageSize: 0)) != nil)
  }

  // MARK: data-index

  private static func made(_ edit: (inout TreeListing) -> Void = { _ in }, faulty: [Int]? = nil) throws
    -> [UInt8]
  {
    var listing = TreeListing()
    listing.facts.classNames = ["a", "b"]
    listing.train.appendClass([Array("train/a/0.png".utf8), Array("train/a/x..png".utf8)])
    listing.train.appendClass([Array("train/b/0.png".utf8)])
    edit(&listing)
    var index = TreeIndex(.folder, "/tree", classes: nil, listing: listing)
    index.faulty = faulty
    return try index.encoded()
  }

  /// The same with other text in its header, and the checksum set right.
  private static func replacing(_ old: String, with new: String, in index: [UInt8]) throws -> [UInt8] {
    var contents = Data(index.dropLast(32))
    let place = try #require(contents.range(of: Data(old.utf8)))
    contents.replaceSubrange(place, with: Data(new.utf8))
    let digest = DurableFiles.digest(contents)
    return Array(contents)
      + stride(from: 0, to: 64, by: 2).map { UInt8(digest.dropFirst($0).prefix(2), radix: 16)! }
  }

  @Test func anIndexIsRead() throws {
    #expect(try TreeIndex(Self.made())?.listing.train.count == 3)
    #expect(try TreeIndex(Self.made(faulty: [2]))?.faulty == [2])
  }

  @Test(arguments: ["../x.png", "/x.png", "train/../../x.png", "..", "train/.."])
  func filesLieInTheTree(path: String) throws {
    #expect(
      try TreeIndex(
        Self.made {
          $0.train.appendClass([Array(path.utf8)]); $0.facts.classNames.append("c")
        }) == nil)
  }

  @Test func everyFileHasAClass() throws {
    #expect(try TreeIndex(Self.made { $0.facts.classNames = ["a"] }) == nil)
  }

  @Test(arguments: [[3], [-1], [0, .max]]) func faultyFilesAreFiles(faulty: [Int]) throws {
    #expect(try TreeIndex(Self.made(faulty: faulty)) == nil)
  }

  @Test(arguments: [
    ("\"trainBytes\":43", "\"trainBytes\":-1"), ("\"trainBytes\":43", "\"trainBytes\":9223372036854775807"),
    ("\"trainCounts\":[2,1]", "\"trainCounts\":[9223372036854775807,1]"),
    ("\"trainCounts\":[2,1]", "\"trainCounts\":[-1,4]"),
  ])
  func lengthsThatCannotBeAreRefused(old: String, new: String) throws {
    #expect(try TreeIndex(Self.replacing(old, with: new, in: Self.made())) == nil)
    #expect(try TreeIndex(Self.replacing(old, with: old, in: Self.made())) != nil)
  }

  // MARK: Others

  /// A number that no smaller one precedes.
  @Test func anImagesNumberMayBeAny() throws {
    try withTemporaryFolder { folder in
      let tree = MadeTree(in: folder)
      for name in ["a", "b"] { try tree.write("train/\(name)/0.JPEG", "") }
      try tree.write("val/ILSVRC2012_val_\(Int.min).JPEG", "")
      try tree.write("imagenet_2012_validation_synset_labels.txt", "a\n")
      let error = #expect(throws: DatasetError.self) {
        try TreeScan.listing(.folder, folder.path, classes: nil)
      }
      #expect(error.map { "\($0)".contains("does not say which class") } == true)
    }
  }

  /// Of which the disk holds next to nothing.
  @Test func aFileLargerThanAnyImageIsNotRead() throws {
    try withTemporaryFolder { folder in
      let path = FilePath(folder: folder.path, "x.png".utf8)
      try Data([0x89, 0x50, 0x4E, 0x47]).write(to: folder.appendingPathComponent("x.png"))
      try #require(truncate(folder.path + "/x.png", 1 << 42) == 0)
      let error = #expect(throws: DatasetError.self) { try path.storedImage() }
      #expect(error.map { "\($0)".hasSuffix("it has 4,398,046,511,104 bytes, more than an image") } == true)
    }
  }

  @Test func aFolderMayBeOfAnyYear() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 12_000_000_000)], ofItemAtPath: folder.path)
      #expect(FilePath(folder: folder.path, []).status?.modified ?? 0 > 0)
    }
  }
}
