import Foundation
import Testing

@testable import Foundations

/// Numbers that files claim.
@Suite struct FileNumbersTests {
  @Test func whatAnIntCannotHoldIsNothing() {
    #expect([1, 2, 3].checkedSum == 6 && [2, 3, 4].checkedProduct == 24)
    #expect([Int]().checkedSum == 0 && [Int]().checkedProduct == 1)
    #expect([Int.max, 1].checkedSum == nil && [Int.min, -1].checkedSum == nil)
    #expect([1 << 62, 2].checkedProduct == nil && [Int.min, -1].checkedProduct == nil)
  }

  @Test func countsAndSizesHaveALimit() {
    #expect(0.isCount && 1_000_000_000.isCount && !(-1).isCount && !1_000_000_001.isCount)
    #expect(0.isSize && (1 << 53).isSize && !(-1).isSize && !(1 << 53 + 1).isSize)
  }

  private struct Line: Decodable {
    let step: Int
    let last: Int?

    enum CodingKeys: CodingKey { case step, last }

    init(from decoder: any Decoder) throws {
      let line = try decoder.container(keyedBy: CodingKeys.self)
      (step, last) = (try line.decodeCount(forKey: .step), try line.decodeCountIfPresent(forKey: .last))
    }
  }

  @Test(arguments: [
    (#"{"step": 3}"#, true), (#"{"step": 3, "last": null}"#, true), (#"{"step": 3, "last": 4}"#, true),
    (#"{"step": -1}"#, false), (#"{"step": 9223372036854775807}"#, false), (#"{"step": 1.5}"#, false),
    (#"{"step": 3, "last": -9223372036854775808}"#, false), (#"{"last": 4}"#, false),
  ])
  func whatIsNoCountIsNotDecoded(json: String, isRead: Bool) {
    #expect(((try? JSONDecoder().decode(Line.self, from: Data(json.utf8))) != nil) == isRead)
  }

  /// The system's clock fits, and so does every year that a file system can give a file.
  @Test func timesOfFilesNeverOverflow() {
    func nanoseconds(_ seconds: Int, _ rest: Int = 0) -> Int64 {
      timespec(tv_sec: seconds, tv_nsec: rest).nanoseconds
    }
    #expect(nanoseconds(1_764_000_000, 5) == 1_764_000_000_000_000_005)
    let (past, future) = (nanoseconds(.min), nanoseconds(.max, 999_999_999))
    #expect(past == -(.max / 2) && future == .max / 2)
    #expect(nanoseconds(15_000_000_000) == .max / 2)
    #expect(future - past > 0, "differences of two do not overflow")
  }

  @Test(arguments: [
    ("model.safetensors", true), ("…", true), ("", false), (".", false), ("..", false), ("a/b", false),
    ("/a", false),
    ("a\0", false),
  ])
  func namesOfFilesLeadNowhereElse(name: String, isOne: Bool) {
    #expect(ByteName(name).isFileName == isOne)
  }

  @Test func textsHaveALimit() throws {
    #expect(try readBytes("/dev/null", atMost: 0) == [])
    let error = #expect(throws: UnreadableText.self) { try readText("/dev/zero", atMost: 1_000_000) }
    #expect(error?.reason == "it has more than 1,000,000 bytes")
  }
}
