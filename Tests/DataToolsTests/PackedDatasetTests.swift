import Collectives
import Foundation
import Foundations
import Images
import Tensors
import TestSupport
import Testing

@testable import DataTools
@testable import Datasets

/// Shards, their indices and the data set that reads them.
@Suite struct PackedDatasetTests {
  /// A pack of shapes in PNG, two training shards and one to test on, in a folder that is removed.
  private struct Pack {
    let folder: URL
    let train = ShapesDataset(.train, count: 7)
    let val = ShapesDataset(.test, count: 3)

    static func with<Result>(_ body: (Pack) throws -> Result) throws -> Result {
      try withTemporaryFolder { folder in
        let pack = Pack(folder: folder)
        try pack.write()
        return try body(pack)
      }
    }

    var path: String { folder.path }
    func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

    private func shard(_ name: String, _ dataset: ShapesDataset, _ range: Range<Int>) throws -> (
      index: ShardIndex, file: Data
    ) {
      let writer = try ShardWriter(folder: path, name: name)
      for index in range {
        let image = dataset.image(at: index)
        try writer.append(
          image.pngData()[...], key: "0000000\(index)", suffix: "png", label: dataset.label(at: index),
          sourceBytes: image.pixels.count)
      }
      let index = try writer.finish()
      return (index, try Data(contentsOf: file(ShardIndex.fileName(of: name))))
    }

    func write() throws {
      let plan = PackPlan(
        source: "shapes:7x3", sourceDigest: nil, maxSide: nil, quality: nil,
        parts: PerPart(train: .init(images: 7, shards: 2), test: .init(images: 3, shards: 1)))
      let index = PackedIndex(
        plan: plan, data: DataParts(train: train, test: val, notes: ["a note"]),
        shards: PerPart(
          train: [try shard("train-00000.tar", train, 0..<4), try shard("train-00001.tar", train, 4..<7)],
          test: [try shard("val-00000.tar", val, 0..<3)]))
      try DurableFiles.write(packJSON(index), to: file(PackedIndex.fileName).path)
    }

    func open() throws -> DataParts { try DatasetSource.open("packed:\(path)", on: .alone()) }

    /// Changes a file behind everybody's back.
    func damage(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
      var bytes = [UInt8](try Data(contentsOf: file(name)))
      change(&bytes)
      try Data(bytes).write(to: file(name))
    }

    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "nothing is wrong"
      } catch {
        return "\(error)"
      }
    }
  }

  @Test func givesBackWhatWasPacked() throws {
    try Pack.with { pack in
      let pair = try pack.open()
      for (source, packed) in [(pack.train, pair.train), (pack.val, try #require(pair.test))] {
        #expect(packed.count == source.count)
        for index in 0..<source.count {
          #expect(try packed.image(at: index) == source.image(at: index))
          #expect(packed.label(at: index) == source.label(at: index))
        }
        #expect(packed.classNames == source.classNames && packed.normalization == source.normalization)
        #expect(packed.imageSize == 32)
      }
      #expect(
        pair.train.imageName(at: 5)
          == "\(pack.path)/train-00001.tar: 00000005.png at byte \(512 + offset(pair.train))")
      #expect(
        pair.notes.first?.hasPrefix("packed from shapes:7x3: 7 training images in 2 shards, 3 val images")
          == true)
      #expect(pair.notes.last == "a note" && pair.digest?.count == 64)
    }
  }

  /// Where the second member of the second shard begins, by tar's own arithmetic.
  private func offset(_ train: any ImageDataset) -> Int {
    let first = try! ShapesDataset(.train, count: 7).image(at: 4).pngData().count
    return 512 + (first + 511) / 512 * 512 + 1024
  }

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/tar")
        || FileManager.default.isExecutableFile(atPath: "/bin/tar"), "tar is not installed"))
  func shardsAreTarFiles() throws {
    try Pack.with { pack in
      let process = Process()
      let output = Pipe()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["tar", "-xvf", pack.file("train-00001.tar").path, "-C", pack.path]
      process.standardOutput = output
      try process.run()
      let names = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      #expect(
        names.split(separator: "\n").map(String.init)
          == (4..<7).flatMap { ["0000000\($0).png", "0000000\($0).cls"] })
      #expect(
        [UInt8](try Data(contentsOf: pack.file("00000006.png"))) == (try pack.train.image(at: 6).pngData()))
      #expect(try String(contentsOf: pack.file("00000006.cls"), encoding: .utf8) == "6")
    }
  }

  /// Each of these is found when the pack is opened.
  @Test(arguments: [
    ("train-00001.tar", "cut", "train-00001.tar is damaged: it has"),
    ("train-00001.tar", "removed", "train-00001.tar cannot be read: No such file or directory"),
    (
      "train-00000.idx", "flipped",
      "train-00000.idx is damaged: its last line is not the checksum of the others"
    ),
    ("train-00000.idx", "cut", "train-00000.idx is damaged: its last line is not the checksum of the others"),
    (
      "train-00000.idx", "emptied",
      "train-00000.idx is damaged: its last line is not the checksum of the others"
    ),
    ("train-00000.idx", "removed", "train-00000.idx cannot be read: No such file or directory"),
    ("train-00000.idx", "another's", "train-00000.idx is damaged: it is not the one that index.json names"),
    ("index.json", "cut", "index.json is damaged: it is not the JSON that was written"),
    ("index.json", "removed", "index.json cannot be read: No such file or directory"),
    ("index.json", "newer", "index.json is damaged: it is of format 'sluice packed' 2, this program knows"),
  ])
  func damagedFilesAreNamed(name: String, change: String, expected: String) throws {
    try Pack.with { pack in
      switch change {
      case "cut": try pack.damage(name) { $0.removeLast($0.count / 3) }
      case "flipped": try pack.damage(name) { $0[$0.count / 2] ^= 1 }
      case "emptied": try pack.damage(name) { $0 = [] }
      case "another's":
        try FileManager.default.removeItem(at: pack.file(name))
        try FileManager.default.copyItem(at: pack.file("train-00001.idx"), to: pack.file(name))
      case "newer":
        let text = try String(contentsOf: pack.file(name), encoding: .utf8)
        let newer = text.replacing("\"version\" : 1", with: "\"version\" : 2")
        #expect(newer != text)
        try newer.write(to: pack.file(name), atomically: true, encoding: .utf8)
      default: try FileManager.default.removeItem(at: pack.file(name))
      }
      let message = pack.message { _ = try pack.open() }
      #expect(message.contains("\(pack.path)/\(expected)"), "\(message)")
    }
  }

  @Test func anUnfinishedPackSaysSo() throws {
    try Pack.with { pack in
      try FileManager.default.moveItem(at: pack.file("index.json"), to: pack.file("pack.json"))
      let message = pack.message { _ = try pack.open() }
      #expect(
        message.hasSuffix("packing did not finish: run the same sluice data pack again"), "\(message)")
    }
  }

  @Test func aDamagedImageIsNamedAndOthersAreNot() throws {
    try Pack.with { pack in
      let pair = try pack.open()
      let begin = offset(pair.train) + 512
      try pack.damage("train-00001.tar") { $0[begin + 100] ^= 0x10 }
      #expect(
        pack.message { _ = try pair.train.image(at: 5) }
          == "\(pack.path)/train-00001.tar: 00000005.png at byte \(begin) cannot be used: its bytes are not those "
          + "that were packed (CRC-32); restore the shard, or pack again")
      for index in [0, 4, 6] { #expect(try pair.train.image(at: index) == pack.train.image(at: index)) }
    }
  }

  @Test func aShardThatShrinksOrVanishesLaterIsAnError() throws {
    try Pack.with { pack in
      let pair = try pack.open()
      try pack.damage("train-00000.tar") { $0.removeLast($0.count / 2) }
      #expect(
        pack.message { _ = try pair.train.image(at: 3) }.contains(
          "train-00000.tar is damaged: it ends before"))
      try FileManager.default.removeItem(at: pack.file("train-00001.tar"))
      #expect(
        pack.message { _ = try pair.train.image(at: 6) }.contains(
          "train-00001.tar cannot be read: No such file"))
    }
  }

  /// Reading in order, as evaluation does, takes each block once, on many threads, too.
  @Test func threadsReadABlockOnce() throws {
    try Pack.with { pack in
      let train = try #require(try pack.open().train as? PackedDataset)
      #expect(train.blocks?.count == 2)
      let expected = try (0..<7).map { try train.image(at: $0) }
      #expect(train.blockReads == 2)
      try WorkerPool(threads: 4).run(7) { index in
        let image = try train.image(at: index)
        if image != expected[index] { throw DatasetError.badImage(name: "\(index)", reason: "differs") }
      }
      #expect(train.blockReads == 4)
    }
  }

  @Test func blocksAreBoundedInImagesAndBytes() throws {
    func blocks(_ lengths: [Int]) throws -> ImageBlocks {
      var index = ShardIndex(of: "train-00000.tar")
      var position = 0
      for (number, length) in lengths.enumerated() {
        index.records.append(
          .init(offset: position + 512, length: length, label: 0, checksum: 0, member: "\(number).jpg"))
        position += 512 + length
      }
      return try #require(
        try PackedDataset(
          name: "", folder: "", shards: [index, index], classNames: ["a"], imageSize: 1,
          normalization: .imageNet
        ).blocks)
    }
    let many = try blocks(Array(repeating: 100, count: 600))
    #expect((0..<many.count).map { many[$0].count } == [256, 256, 88, 256, 256, 88])
    #expect(many.bytes[0] == 256 * 612 - 512)
    let large = try blocks(Array(repeating: 3 << 20, count: 3))
    #expect((0..<large.count).map { large[$0].count } == [1, 1, 1, 1, 1, 1])
    let mixed = try blocks([1 << 20, 1 << 20, 1 << 20, 9 << 20, 1000])
    #expect((0..<5).map { mixed.block(of: $0) } == [0, 0, 0, 1, 2])
  }

  /// What the loader brings from a pack is the same for every number of ranks and threads.
  @Test func ranksAndThreadsLoadTheSame() throws {
    try Pack.with { pack in
      func batches(_ ranks: Int, threads: Int) throws -> [[Int]] {
        let loaders = try (0..<ranks).map { rank in
          let train = try pack.open().train
          return try ViewLoader(
            dataset: train,
            maker: ViewMaker(
              AugmentationConfiguration(), normalization: train.normalization, count: 2, seed: 3),
            globalBatchSize: 4, shardSize: 2, rank: rank, worldSize: ranks, shuffleWindow: 2, threads: threads
          )
        }
        return try (0..<6).map { _ in try loaders.flatMap { try $0.next().indices } }
      }
      let expected = try batches(1, threads: 1)
      #expect(try batches(2, threads: 1) == expected && batches(2, threads: 3) == expected)
      #expect(Set(expected).count > 1)
    }
  }
}
