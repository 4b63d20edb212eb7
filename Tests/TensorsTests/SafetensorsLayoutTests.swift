import Foundation
import Tensors
import Testing

@Suite struct SafetensorsLayoutTests {
  /// What is written to the places that a layout names is found there.
  @Test func positionsAreThoseThatReadersFind() throws {
    let layout = SafetensorsLayout(
      [
        .init(name: "a", shape: [2], dtype: .int64), .init(name: "b", shape: [2, 3], dtype: .float32),
        .init(name: "none", shape: [0, 3], dtype: .float32), .init(name: "c", shape: [5], dtype: .uint8),
      ], metadata: ["k": "v"])
    #expect(layout.head.count % 8 == 0)
    #expect(layout.ranges.map(\.count) == [16, 24, 0, 5])
    var file = layout.head + Data(count: layout.byteCount - layout.head.count)
    file[layout.ranges[1].lowerBound + 4..<layout.ranges[1].lowerBound + 8] = Data([0, 0, 0x80, 0x3F])
    file[layout.ranges[3].upperBound - 1] = 7
    let read = try SafetensorsFile(file, path: "x")
    #expect(try read.floats("b") == [0, 1, 0, 0, 0, 0])
    #expect(try read.bytes("c") == [0, 0, 0, 0, 7] && read.int64s("a") == [0, 0])
    #expect(read.metadata == ["k": "v"])
  }
}
