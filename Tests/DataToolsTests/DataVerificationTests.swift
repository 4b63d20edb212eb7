import Collectives
import Datasets
import Images
import Foundations
import Synchronization
import Tensors
import Testing

@testable import DataTools

@Suite struct DataVerificationTests {
  private func verify(
    _ pair: DataParts, strict: Bool = false, threads: Int = 2, progress: (Double) -> Void = { _ in }
  ) throws -> DataVerification {
    try DataVerification(
      of: pair, strict: strict, pool: WorkerPool(threads: threads), communicator: .alone(),
      progress: progress)
  }

  @Test(arguments: [1, 4]) func everyDamagedImageIsNamedInOrder(threads: Int) throws {
    let pair = DataParts(
      train: DrawnImages(name: "train", damaged: [11, 3, 4]), test: DrawnImages(name: "val", damaged: [0])
    )
    let found = try verify(pair, threads: threads)
    #expect(found.images == 24)
    #expect(found.findings.map(\.fault.name) == ["train/3.jpg", "train/4.jpg", "train/11.jpg", "val/0.jpg"])
    #expect(found.findings.map(\.index) == [3, 4, 11, 0])
    #expect(found.findings.map(\.part) == [.train, .train, .train, .test])
    #expect(found.findings.first?.fault.reason == "the PNG ends before its last row")
    #expect(found.text.hasPrefix("train/3.jpg: the PNG ends before its last row\n"))
    #expect(found.text.contains("\n4 faults in 24 images, decoded in "))
  }

  /// What was found when the data was opened is not taken for what has another name.
  @Test func faultsOfLookalikesAreTwo() throws {
    let old = DataFault(name: "cafe\u{301}/3.jpg", reason: "it is empty")
    let found = try verify(
      DataParts(train: DrawnImages(name: "caf\u{E9}", damaged: [3]), test: nil, faults: [old]))
    #expect(
      found.findings.map { Array($0.fault.name.utf8) }
        == ["cafe\u{301}/3.jpg", "caf\u{E9}/3.jpg"].map { Array($0.utf8) })
  }

  @Test func goodImagesHaveNoFaults() throws {
    var shares: [Double] = []
    let found = try verify(DataParts(train: DrawnImages(name: "train"), test: nil), threads: 1) {
      shares.append($0)
    }
    #expect(found.findings.isEmpty && found.images == 12)
    #expect(found.text.hasPrefix("no faults in 12 images, "))
    #expect(shares == shares.sorted() && shares.last == 1)
    #expect(found.json["faults"] == .list([]))
  }

  /// An end marker is missing, every row is there: only strictness minds.
  @Test func warningsCountWhereAskedFor() throws {
    struct Endless: ImageDataset {
      let name = "endless"
      let count = 1
      let classNames = ["only"]
      let imageSize = 8
      let normalization = Normalization.imageNet
      func label(at index: Int) -> Int? { 0 }
      func storedImage(at index: Int) throws -> StoredImage {
        let image = RGBImage(width: 8, height: 8, pixels: (0..<192).map { UInt8($0) })
        return .encoded(try EncodedImage(try image.jpegData(quality: 90).dropLast(2)))
      }
    }
    let pair = DataParts(train: Endless(), test: nil)
    #expect(try verify(pair).findings.isEmpty)
    #expect(try verify(pair, strict: true).findings.map(\.fault.name) == ["endless, image 0"])
  }

  /// Files as a whole come before the images in them.
  @Test func checksumsAreHeldAgainstTheirFiles() throws {
    struct Shards: ChecksummedDataset {
      let images = DrawnImages(name: "train", damaged: [2])
      var name: String { images.name }
      var count: Int { images.count }
      var classNames: [String] { images.classNames }
      var imageSize: Int { images.imageSize }
      var normalization: Normalization { images.normalization }
      let checksummedFiles = ["a.shard", "b.shard"]
      func label(at index: Int) -> Int? { images.label(at: index) }
      func storedImage(at index: Int) throws -> StoredImage { try images.storedImage(at: index) }
      func verifyChecksum(ofFile number: Int) throws {
        if number == 1 { throw DatasetError.badImage(name: "b.shard", reason: "its SHA-256 is another") }
      }
    }
    let findings = try verify(DataParts(train: Shards(), test: nil)).findings
    #expect(findings.map(\.fault.name) == ["b.shard", "train, image 2"])
    #expect(findings.map(\.index) == [nil, 2])
    #expect(findings.first?.fault.reason == "its SHA-256 is another")
  }

  @Test(arguments: [1, 3]) func aSweepTakesEachNumberOnceInOrder(threads: Int) throws {
    let sweep = Sweep(communicator: .alone(), pool: WorkerPool(threads: threads))
    #expect(try sweep.map(100) { $0 * $0 } == (0..<100).map { $0 * $0 })
    #expect(try sweep.map(0) { $0 } == [])
  }
}
