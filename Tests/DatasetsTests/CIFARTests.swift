import Collectives
import Foundation
import Images
import Testing

@testable import Datasets

@Suite struct CIFARTests {
  /// A folder that goes away with the test.
  private final class Folder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("cifar-\(UUID())")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes records of the given labels; pixel p of record r is r + p modulo 256.
    func write(_ name: String, labels: [UInt8], labelBytes: Int = 1, extraBytes: Int = 0) throws {
      var bytes: [UInt8] = []
      for (record, label) in labels.enumerated() {
        bytes += [UInt8](repeating: 19, count: labelBytes - 1) + [label]
        bytes += (0..<3072).map { UInt8(truncatingIfNeeded: $0 + record) }
      }
      bytes += [UInt8](repeating: 0, count: extraBytes)
      try Data(bytes).write(to: url.appendingPathComponent(name))
    }

    func open10() throws -> DataParts { try CIFARLayout.cifar10.open(folder: url) }
  }

  @Test func recordsBecomeImages() throws {
    let folder = try Folder()
    try folder.write("data_batch_1.bin", labels: [3, 9])
    try folder.write("data_batch_4.bin", labels: [0])
    try folder.write("test_batch.bin", labels: [7])
    let pair = try folder.open10()
    #expect((0..<pair.train.count).map(pair.train.label) == [3, 9, 0])
    let test = try #require(pair.test)
    #expect(test.count == 1 && test.label(at: 0) == 7 && test.classCount == 10)
    let image = try pair.train.image(at: 1)
    #expect(Array(image.pixels[0..<6]) == [1, 1, 1, 2, 2, 2], "planes of 1,024 start at the same byte")
    #expect(image.pixels[3 * 1023] == UInt8(truncatingIfNeeded: 1023 + 1))
    #expect(
      pair.warnings == [
        "cifar10: \(folder.url.path) holds 3 of the original's 50000 training images (2 of 5 files) "
          + "and 1 of 10000 test images (1 of 1 files)"
      ])
  }

  @Test func fineLabelsCountInCIFAR100() throws {
    let folder = try Folder()
    try folder.write("train.bin", labels: [99, 5], labelBytes: 2)
    try folder.write("test.bin", labels: [42], labelBytes: 2)
    let pair = try CIFARLayout.cifar100.open(folder: folder.url)
    #expect((0..<2).map(pair.train.label) == [99, 5])
    #expect(pair.train.normalization == .cifar100)
    #expect(Array(try pair.train.image(at: 0).pixels[0..<4]) == [0, 0, 0, 1])
  }

  @Test func missingFilesAreNamed() throws {
    let folder = try Folder()
    try folder.write("data_batch_1.bin", labels: [3])
    let error = #expect(throws: DatasetError.self) { try folder.open10() }
    #expect(
      error?.description
        == "cifar10 test: \(folder.url.path) holds none of test_batch.bin; "
        + "name the folder of the original binary files")
    let none = #expect(throws: DatasetError.self) {
      try CIFARLayout.cifar100.open(folder: URL(fileURLWithPath: "/nowhere/at/all"))
    }
    #expect(none?.description.contains("train.bin") == true)
    #expect(none?.description.contains("/nowhere/at/all") == true)
  }

  @Test func brokenRecordsAreCounted() throws {
    let folder = try Folder()
    try folder.write("test_batch.bin", labels: [1])
    try folder.write("data_batch_1.bin", labels: [1, 2], extraBytes: 3000)
    let path = folder.url.appendingPathComponent("data_batch_1.bin").path
    let error = #expect(throws: DatasetError.self) { try folder.open10() }
    #expect(error == .notWholeRecords(path: path, bytes: 9146, recordBytes: 3073))
    #expect(
      error?.description
        == "\(path) has 9146 bytes, which is not a whole number of records of 3073 bytes: "
        + "the nearest is 3 records, 9219 bytes; download the file again")
    try folder.write("data_batch_1.bin", labels: [])
    let empty = #expect(throws: DatasetError.self) { try folder.open10() }
    #expect(empty?.description.contains("has 0 bytes") == true)
  }

  @Test func labelsOutOfRangeAreFound() throws {
    let folder = try Folder()
    try folder.write("test_batch.bin", labels: [1])
    try folder.write("data_batch_2.bin", labels: [0, 9, 10])
    let error = #expect(throws: DatasetError.self) { try folder.open10() }
    #expect(
      error
        == .labelOutOfRange(
          path: folder.url.appendingPathComponent("data_batch_2.bin").path, record: 2, label: 10,
          classes: 10))
    #expect(error?.description.contains("record 2 (counting from 0) has label 10") == true)
  }

  private static let data = ProcessInfo.processInfo.environment["SLUICE_DATA"]

  @Test(.enabled(if: data != nil, "SLUICE_DATA names no folder of real images"))
  func realFilesOpen() throws {
    let root = try #require(Self.data)
    let ten = try DatasetSource.open("cifar10:\(root)/cifar-10-batches-bin", on: .alone())
    #expect(ten.train.classNames[9] == "truck")
    let test = try #require(ten.test)
    #expect(ten.train.count >= 10_000 && test.count >= 2000)
    var perClass = [Int](repeating: 0, count: 10)
    for index in 0..<test.count { perClass[test.label(at: index)!] += 1 }
    #expect(Set(perClass).count == 1, "the test images are balanced")
    let hundred = try DatasetSource.open("cifar100:\(root)/cifar-100-binary", on: .alone())
    #expect(hundred.train.classNames.prefix(2) == ["apple", "aquarium_fish"])
  }
}
