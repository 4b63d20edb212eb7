import Foundation
import Foundations
import SwiftProtobuf
import TensorBoardMessages
import TestSupport
import Testing

@testable import Metrics

@Suite struct EventLogTests {
  /// The records of a file, of which every checksum must be right.
  static func events(in path: String) throws -> [TensorBoardEvent] {
    var rest = try Data(contentsOf: URL(fileURLWithPath: path))[...]
    var events: [TensorBoardEvent] = []
    while !rest.isEmpty {
      let length = rest.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
      let data = Data(rest.dropFirst(12).prefix(length))
      #expect(Data(rest.prefix(16 + length)) == TFRecord.framed(data))
      events.append(try TensorBoardEvent(serializedBytes: data))
      rest = rest.dropFirst(16 + length)
    }
    return events
  }

  static func log(in folder: URL, resumedStep: Int? = nil, timestamp: Double = 1_700_000_000) throws
    -> EventLog
  {
    try EventLog(
      folder: folder.path, host: "node01", process: 17, gates: ["layer1.0", "layer2.0"],
      resumedStep: resumedStep, timestamp: timestamp)
  }

  /// A file that somebody named so, behind which there is no second.
  @Test func anyFileMayLieInTheFolder() throws {
    try withTemporaryFolder { folder in
      try Data().write(to: folder.appendingPathComponent("events.out.tfevents.\(Int.max).node01.17"))
      #expect(try Self.log(in: folder).file.path.contains(".1700000000."))
    }
  }

  /// Source: RFC 3720, B.4, and the check value of CRC-32C.
  @Test func checksumsAreCastagnolis() {
    #expect(CRC32C.checksum(Data("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
  }

  /// Bytes that TensorBoard's own `RecordWriter` (2.21) makes of the same data.
  @Test func aRecordIsFramedAsTensorBoardFramesIt() {
    let bytes = TFRecord.framed(Data("123456789".utf8)).map { String(format: "%02x", $0) }.joined()
    #expect(bytes == "090000000000000037f97139" + "313233343536373839" + "e5b08ac7")
  }

  @Test func aFileBeginsWithItsVersionAndAStart() throws {
    try withTemporaryFolder { folder in
      let first = try Self.log(in: folder)
      #expect(first.file.path == "\(folder.path)/events.out.tfevents.1700000000.node01.17")
      let events = try Self.events(in: first.file.path)
      #expect(events.map(\.fileVersion) == ["brain.Event:2", ""])
      #expect(events.map(\.sessionLog.status) == [.statusUnspecified, .start] && events[1].step == 0)
      // In the same second, and by a clock that is behind.
      let second = try Self.log(in: folder, resumedStep: 20)
      let third = try Self.log(in: folder, resumedStep: 20, timestamp: 1_600_000_000)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(
        names == [first, second, third].map { URL(fileURLWithPath: $0.file.path).lastPathComponent })
      #expect(try Self.events(in: third.file.path)[1].step == 21)
    }
  }

  @Test func everyNumberOfALineHasATag() throws {
    try withTemporaryFolder { folder in
      let log = try Self.log(in: folder)
      var metrics = MetricsWriterTests.metrics(step: 7)
      (metrics.embeddingStd, metrics.effectiveRank, metrics.seconds, metrics.latency) = (0.5, 12, 3, 2.5)
      try log.write(.training(metrics))
      let event = try #require(try Self.events(in: log.file.path).last)
      #expect(event.step == 7 && event.wallTime == 1_700_000_000.125)
      let tags = event.summary.value.map(\.tag)
      #expect(Set(tags).count == tags.count)
      guard case .object(let fields) = metrics.json else { return }
      let numbers = fields.map(\.key).filter { !["step", "timestamp", "density"].contains($0) }
      #expect(tags.count == numbers.count + 2)
      let density = event.summary.value.filter { $0.tag.hasPrefix("gates/density/") }
      #expect(density.map(\.tag) == ["gates/density/layer1.0", "gates/density/layer2.0"])
      #expect(density.map(\.simpleValue) == [0.25, 1 / 3])
      #expect(event.summary.value.first { $0.tag == "loss/total" }?.simpleValue == 0.3)
    }
  }

  @Test func anEvaluationHasHistogramsOfChannels() throws {
    try withTemporaryFolder { folder in
      let log = try Self.log(in: folder)
      let gates = [GateChannels(gate: "layer1.0", openShares: [0, 0.04, 0.05, 1])]
      try log.write(.evaluation(MetricsWriterTests.evaluation(step: 7, gates: gates)))
      try log.write(.evaluation(MetricsWriterTests.evaluation(step: 8)))
      let events = try Self.events(in: log.file.path).suffix(2)
      let (first, second) = (events.first!.summary.value, events.last!.summary.value)
      #expect(
        first.map(\.tag) == [
          "evaluation/top1", "evaluation/images", "evaluation/density/layer1.0",
          "evaluation/density/layer2.0", "evaluation/channels/layer1.0",
        ])
      let histogram = try #require(first.last?.histo)
      #expect(histogram.bucket.count == 20 && histogram.bucketLimit.last == 1)
      #expect(histogram.bucket[0] == 2 && histogram.bucket[1] == 1 && histogram.bucket[19] == 1)
      #expect(histogram.num == 4 && histogram.min == 0 && histogram.max == 1)
      #expect(second.last?.tag == "evaluation/gates" && second.last?.histo.num == 2)
    }
  }
}
