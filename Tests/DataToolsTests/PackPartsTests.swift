import Collectives
import Datasets
import Foundation
import Images
import Progress
import TestSupport
import Tensors
import Testing

@testable import DataTools

/// Data of three parts, of which the first has no labels, through everything that goes over parts.
@Suite struct PackPartsTests {
  private struct Unlabelled: ImageDataset {
    let name = "unlabelled"
    let count = 9
    let classNames: [String] = []
    var imageSize: Int { shapes.imageSize }
    var normalization: Normalization { shapes.normalization }
    private let shapes = ShapesDataset(.train, count: 9)
    func label(at index: Int) -> Int? { nil }
    func storedImage(at index: Int) -> StoredImage { shapes.storedImage(at: index) }
  }

  private let data = DataParts(
    train: Unlabelled(), reference: ShapesDataset(.train, count: 6), test: ShapesDataset(.test, count: 3))

  @Test func aPackGivesBackEveryPart() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("pack").path
      let packer = Packer(
        .init(
          source: "made:up", folder: path, shards: 2, encoding: ImageEncoding(), skipsBadImages: false),
        data: data, communicator: .alone(), pool: WorkerPool(threads: 2), display: ProgressDisplay(style: nil)
      )
      let summary = try #require(try packer.run())
      #expect(summary.text.hasPrefix("\(path): 9 training and 6 reference and 3 val images of 10 classes"))
      #expect(summary.json["reference"] == .integer(6))

      let packed = try DatasetSource.open("packed:\(path)", on: .alone())
      #expect(packed.notes.first?.contains("9 training images in 2 shards, 6 reference images") == true)
      #expect(packed.classNames == data.classNames && packed.neighborPart == .reference)
      for (part, dataset) in data.datasets.all {
        let found = try #require(packed.datasets[part])
        #expect(found.count == dataset.count && found.isLabelled == dataset.isLabelled, "\(part)")
        // The order of a pack is its own; the number of an image is in its name.
        for index in 0..<found.count {
          let name = found.imageName(at: index)
          let number = try #require(Int(name.split(separator: ": ")[1].prefix(8)))
          #expect(try found.image(at: index) == dataset.image(at: number))
          #expect(found.label(at: index) == dataset.label(at: number))
        }
      }
    }
  }

  @Test func inspectionShowsEveryPart() throws {
    let found = try DataInspection(
      of: data, source: "made:up", pool: WorkerPool(threads: 1), communicator: .alone(), progress: { _ in })
    #expect(found.parts.map { $1.images } == PerPart(train: 9, reference: 6, test: 3))
    #expect(found.text.contains("unlabelled    9 images without labels\n"), "\(found.text)")
    #expect(found.text.contains("\nclass, reference images/test images\n"))
    #expect(found.json["train"]?["class_counts"] == .null)
    #expect(found.json["reference"]?["images"] == .integer(6))
  }

  @Test func verificationReadsEveryPart() throws {
    let found = try DataVerification(
      of: DataParts(
        train: Unlabelled(), reference: DrawnImages(name: "reference", damaged: [4]),
        test: DrawnImages(name: "val", damaged: [2])),
      strict: false, pool: WorkerPool(threads: 2), communicator: .alone(), progress: { _ in })
    #expect(found.images == 33)
    #expect(found.findings.map(\.part) == [.reference, .test])
    #expect(found.findings.map(\.fault.name) == ["reference/4.jpg", "val/2.jpg"])
  }
}
