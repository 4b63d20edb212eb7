import Collectives
import Datasets
import Foundation
import Foundations
import Images
import Networks
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite struct EmbeddingTests {
  /// 37 images in shards of 4, of which a rank of one thread takes 16 at a time.
  private static let data = DataParts(
    train: ShapesDataset(.train, count: 5), test: ShapesDataset(.test, count: 37))
  private static let shardSize = 4

  private static func extractor(
    _ made: MadeBackbone, threads: Int = 1, onError: OnBadImage = .stop, _ communicator: Communicator
  ) -> FeatureExtractor {
    FeatureExtractor(
      backbone: made.make(seed: 1), imageSize: made.inputSize, onError: onError, shardSize: shardSize,
      pool: .forKernels(threads: threads), communicator: communicator)
  }

  /// Writes features of the test images to `x.safetensors`, `x.csv` and `x.npy` in a folder.
  @discardableResult
  private static func embed(
    _ made: MadeBackbone = MadeBackbone(), in folder: URL, ranks: Int = 1, threads: Int = 1,
    data: DataParts = data, part: DataPart = .test, onError: OnBadImage = .stop,
    network: [String: String] = ["model_sha256": "1"],
    atBlock: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> EmbeddingReport {
    let request = Embedding.Request(
      output: folder.path + "/x.safetensors", csv: folder.path + "/x.csv", numPy: folder.path + "/x.npy",
      source: "shapes:5x37", part: part, takesOver: false, network: network)
    let reports = try ThreadRanks(ranks).run { communicator in
      let embedding = try Embedding(
        request, of: data, by: extractor(made, threads: threads, onError: onError, communicator),
        on: communicator, pool: .forKernels(threads: threads), inform: { _ in })
      return try embedding.run(
        progress: { if communicator.rank == 0 { atBlock($0) } }, warn: { _ in })
    }
    #expect(reports.dropFirst().allSatisfy { $0 == nil })
    return try #require(reports[0])
  }

  private static func bytes(in folder: URL) throws -> [Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names == ["x.csv", "x.npy", "x.safetensors"])
    return try names.map { try Data(contentsOf: folder.appendingPathComponent($0)) }
  }

  private static func uninterrupted(_ made: MadeBackbone = MadeBackbone()) throws -> [Data] {
    try withTemporaryFolder { folder in
      try embed(made, in: folder)
      return try bytes(in: folder)
    }
  }

  /// One gate a block, two, and none.
  @Test(arguments: [MadeBackbone(), MadeBackbone(depth: 50), MadeBackbone(gated: false)])
  func rowsAreWhatTheExtractorFinds(_ made: MadeBackbone) throws {
    try withTemporaryFolder { folder in
      let report = try Self.embed(made, in: folder)
      let extractor = Self.extractor(made, .alone())
      let (images, blueprint) = (Self.data.test!, made.make(seed: 1).blueprint)
      let expected = try extractor.extraction(of: images)
      let file = try SafetensorsFile(contentsOf: folder.path + "/x.safetensors")
      #expect(file.shape(of: "features") == [37, blueprint.featureCount])
      #expect(try file.floats("features").map(\.bitPattern) == expected.features.values.map(\.bitPattern))
      #expect(try file.int64s("index") == Array(0..<37))
      #expect(try file.int64s("labels") == (0..<37).map { $0 % 10 })
      let macs = try file.int64s("macs")
      if made.gated {
        #expect(file.shape(of: "open_channels") == [37, blueprint.gates.count])
        #expect(try file.int32s("open_channels") == expected.gates.open.map(Int32.init))
        #expect(macs == (0..<37).map { extractor.macs.gated(open: expected.gates.open(ofImage: $0)) })
        #expect(Set(macs).count > 1, "nothing to tell images by")
      } else {
        #expect(!file.names.contains("open_channels"))
        #expect(Set(macs) == [extractor.macs.dense])
      }
      #expect(abs(report.macsShare - extractor.usage(of: expected).macsShare) < 1e-12)
      let width = try #require(file.shape(of: "names")?[1])
      let names = try file.bytes("names")
      for image in [0, 9, 36] {
        let name = names[image * width..<(image + 1) * width].prefix { $0 != 0 }
        #expect(String(decoding: name, as: UTF8.self) == images.imageName(at: image))
      }
      #expect(file.metadata["part"] == "test" && file.metadata["data"] == "shapes:5x37")
      #expect(file.metadata["dense_macs"] == "\(extractor.macs.dense)")
      #expect(file.metadata["gate_names"] == JSONValue.list(blueprint.gateLabels.map { .text($0) }).line)

      let matrix = try Data(contentsOf: folder.appendingPathComponent("x.npy"))
      let numbers = expected.features.values.withUnsafeBytes { Data($0) }
      #expect(matrix == NumPyFile.head(rows: 37, columns: blueprint.featureCount) + numbers)
      let lines = try String(contentsOfFile: folder.path + "/x.csv", encoding: .utf8).split(separator: "\n")
      #expect(lines.count == 38 && lines[0].hasPrefix("index,name,label,class,macs,"))
      let cells = lines[12].split(separator: ",", omittingEmptySubsequences: false)
      // A name with a comma is two cells here: "shapes test, image 11" in quotes.
      #expect(
        cells.prefix(6).map(String.init) == [
          "11", "\"shapes test", " image 11\"", "1", images.classNames[1], "\(macs[11])",
        ])
      #expect(
        cells.suffix(blueprint.featureCount).compactMap { Float($0) }
          == expected.features.rows([11]).values)
    }
  }

  /// Contract C1.
  @Test(arguments: [(2, 1), (3, 1), (4, 2), (1, 3)])
  func ranksAndThreadsChangeNoByte(_ ranks: Int, threads: Int) throws {
    try withTemporaryFolder { folder in
      let report = try Self.embed(in: folder, ranks: ranks, threads: threads)
      #expect(report.seen == 37)
      #expect(try Self.bytes(in: folder) == Self.uninterrupted())
    }
  }

  /// Contract C2: killed before its end, with rows that nobody vouches for.
  @Test(arguments: [1, 2, 4]) func whatAKilledStartLeftIsGoneOnFrom(ranks: Int) throws {
    try withTemporaryFolder { folder in
      let (first, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
      for folder in [first, copy] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      }
      let partial = "x.safetensors.partial"
      // Of three blocks the first is written.
      try Self.embed(in: first) { share in
        guard share < 0.5 else { return }
        try? FileManager.default.copyItem(
          at: first.appendingPathComponent(partial), to: copy.appendingPathComponent(partial))
      }
      // Whoever was killed holds nothing; this process is alive.
      try FileManager.default.removeItem(at: copy.appendingPathComponent("\(partial)/holder.json"))
      let rows = copy.appendingPathComponent("\(partial)/rows.safetensors")
      let progress = try String(
        contentsOf: copy.appendingPathComponent("\(partial)/progress.json"), encoding: .utf8)
      let known = try #require(progress.firstMatch(of: /"images" : (\d+)/).flatMap { Int($0.1) })
      #expect(known == 16)
      var bytes = try Data(contentsOf: rows)
      // In the last row, as if some of another block had reached the disk.
      bytes[bytes.count - 1] = 1
      try bytes.write(to: rows)
      let report = try Self.embed(in: copy, ranks: ranks)
      #expect(report.seen == 37 - known)
      #expect(try Self.bytes(in: copy) == Self.uninterrupted())
    }
  }

  /// Where one rank's disk is full, or an image is bad, what was made before stays.
  @Test func whatStandsWhenAnImageIsBadIsGoneOnFrom() throws {
    try withTemporaryFolder { folder in
      let spoiled = DataParts(train: Self.data.train, test: Spoiled(bad: [21]))
      #expect(throws: (any Error).self) { try Self.embed(in: folder, data: spoiled) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.safetensors.partial"])
      let report = try Self.embed(in: folder, ranks: 2, data: spoiled, onError: .skip)
      #expect(report.seen == 21)
      let file = try SafetensorsFile(contentsOf: folder.path + "/x.safetensors")
      #expect(try file.int64s("index") == (0..<37).map { $0 == 21 ? 22 : $0 })
      #expect(try file.int64s("labels")[21] == 2)
    }
  }

  /// Rows that show others were allowed, and are not any more.
  @Test func standInsAreMadeAnewWhereTheyAreNotWanted() throws {
    try withTemporaryFolder { folder in
      let spoiled = DataParts(train: Self.data.train, test: Spoiled(bad: [2, 36]))
      let stopping = DataParts(train: Self.data.train, test: Spoiled(bad: [2], unreadable: 36))
      #expect(throws: (any Error).self) { try Self.embed(in: folder, data: stopping, onError: .skip) }
      let error = #expect(throws: AgreedFailure.self) { try Self.embed(in: folder, data: spoiled) }
      #expect(error?.message.contains("image 2 cannot be used") == true, "\(error.debugDescription)")
      let anew = try Self.embed(in: folder)
      #expect(anew.seen == 37)
      #expect(try Self.bytes(in: folder) == Self.uninterrupted())
    }
  }

  @Test func otherValuesAreRefused() throws {
    try withTemporaryFolder { folder in
      let spoiled = DataParts(train: Self.data.train, test: Spoiled(bad: [21]))
      #expect(throws: (any Error).self) { try Self.embed(in: folder, data: spoiled) }
      let error = #expect(throws: AgreedFailure.self) {
        try Self.embed(in: folder, part: .train, network: ["model_sha256": "2"])
      }
      #expect(
        error?.message == "\(folder.path)/x.safetensors.partial was started with different values "
          + "(model_sha256: 1 → 2; part: test → train): restore the old ones, name another --output, or remove "
          + "the folder")
    }
  }

  /// A file of another size is none of ours; the progress of it says nothing.
  @Test func rowsThatAreNotWholeAreBegunAnew() throws {
    try withTemporaryFolder { folder in
      let spoiled = DataParts(train: Self.data.train, test: Spoiled(bad: [21]))
      #expect(throws: (any Error).self) { try Self.embed(in: folder, data: spoiled) }
      let rows = folder.appendingPathComponent("x.safetensors.partial/rows.safetensors")
      try Data(contentsOf: rows).dropLast().write(to: rows)
      let anew = try Self.embed(in: folder)
      #expect(anew.seen == 37)
      #expect(try Self.bytes(in: folder) == Self.uninterrupted())
    }
  }

  @Test(arguments: ["{", #"{"images": -1, "metadata": {}}"#]) func aProgressThatIsNoneIsRefused(text: String)
    throws
  {
    try withTemporaryFolder { folder in
      let progress = folder.appendingPathComponent("x.safetensors.partial/progress.json")
      try FileManager.default.createDirectory(
        at: progress.deletingLastPathComponent(), withIntermediateDirectories: false)
      try Data(text.utf8).write(to: progress)
      let error = #expect(throws: AgreedFailure.self) { try Self.embed(in: folder) }
      #expect(error?.message.hasPrefix("\(progress.path) is damaged: ") == true)
    }
  }

  /// What somebody else has put beside the rows stays.
  @Test func nothingOfOthersIsRemoved() throws {
    try withTemporaryFolder { folder in
      let partial = folder.appendingPathComponent("x.safetensors.partial")
      try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: false)
      try Data("mine".utf8).write(to: partial.appendingPathComponent("notes.txt"))
      try Self.embed(in: folder)
      #expect(try FileManager.default.contentsOfDirectory(atPath: partial.path) == ["notes.txt"])
    }
  }

  @Test func aPartThatIsNotThereIsRefused() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: AgreedFailure.self) {
        try Self.embed(in: folder, ranks: 2, part: .reference)
      }
      #expect(
        error?.message
          == "data source 'shapes:5x37' has no reference images: it has training images (train), "
          + "test images (test)")
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.isEmpty)
    }
  }

  /// The test images of `data`, of which some cannot be used.
  private struct Spoiled: ImageDataset {
    private let shapes = ShapesDataset(.test, count: 37)
    let bad: Set<Int>
    /// The one that is no bad image, but a disk that is away.
    var unreadable: Int?
    var name: String { shapes.name }
    var count: Int { shapes.count }
    var classNames: [String] { shapes.classNames }
    var imageSize: Int { shapes.imageSize }
    var normalization: Normalization { shapes.normalization }

    func label(at index: Int) -> Int? { shapes.label(at: index) }
    func storedImage(at index: Int) throws -> StoredImage {
      if index == unreadable { throw DatasetError.unreadable(path: "shapes", reason: "gone") }
      if bad.contains(index) { throw DatasetError.badImage(name: imageName(at: index), reason: "spoiled") }
      return shapes.storedImage(at: index)
    }
  }
}
