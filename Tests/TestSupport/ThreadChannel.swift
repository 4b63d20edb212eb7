import Collectives
import Foundation

/// A channel between threads of one process. Numbers are copied when a rank posts a collective, and handed out when it
/// tests or waits for it: like MPI, nothing advances between a rank's calls.
final class ThreadChannel: Channel {
  let rank: Int
  private let meeting: ThreadMeeting
  /// How many collectives this rank has posted: all ranks post the same ones in the same order.
  private var posted = 0

  init(rank: Int, _ meeting: ThreadMeeting) {
    self.rank = rank
    self.meeting = meeting
  }

  var size: Int { meeting.ranks }

  func barrier() throws { _ = try exchange([UInt8]()) }

  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
    let own: [UInt8] = rank == root ? Array(bytes) : []
    bytes.copyBytes(from: try exchange(own)[root])
  }

  func sum(_ values: inout [Int64]) throws {
    let all: [[Int64]] = try exchange(values)
    for i in values.indices { values[i] = all.reduce(0) { $0 + $1[i] } }
  }

  func exchange(_ values: [Double], with partner: Int) throws -> [Double] { try exchange(values)[partner] }

  func allGather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, of width: NumberWidth
  ) throws {
    precondition(all.count == own.count * size, "\(size) × \(own.count) bytes need that much room")
    all.copyBytes(from: try exchange(Array(own)).joined())
  }

  func allGather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, _ pieces: Pieces
  ) throws {
    all.copyBytes(from: try exchange(Array(own)).joined())
  }

  func gather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, _ pieces: Pieces, to root: Int
  ) throws {
    let parts = try exchange(Array(own))
    if rank == root { all.copyBytes(from: parts.joined()) }
  }

  func startScatter(
    _ numbers: UnsafeRawPointer, _ pieces: Pieces, rows: UnsafeMutableRawPointer, of width: NumberWidth
  ) -> any PendingExchange {
    let own = pieces[rank]
    return start(bytes(numbers, 0..<pieces.total, width)) { [rank] all in
      for (sender, sent) in all.enumerated() {
        let piece = sent[pieces[rank].lowerBound * width.bytes..<pieces[rank].upperBound * width.bytes]
        copy(piece, to: rows + sender * own.count * width.bytes)
      }
    }
  }

  func startGather(
    _ numbers: UnsafeMutableRawPointer, _ pieces: Pieces, of width: NumberWidth
  ) -> any PendingExchange {
    start(bytes(numbers, pieces[rank], width)) { all in
      for (sender, sent) in all.enumerated() {
        copy(sent[...], to: numbers + pieces[sender].lowerBound * width.bytes)
      }
    }
  }

  func close() {}

  /// What every rank brings, in rank order. Blocks.
  private func exchange<Value: Sendable>(_ value: [Value]) throws -> [[Value]] {
    try meeting.wait(for: post(value)).map { $0 as! [Value] }
  }

  private func post(_ value: any Sendable) -> Int {
    meeting.bring(value, from: rank, to: posted)
    posted += 1
    return posted - 1
  }

  private func start(_ bytes: [UInt8], _ receive: @escaping ([[UInt8]]) -> Void) -> any PendingExchange {
    ThreadExchange(meeting, number: post(bytes), receive)
  }

  private func bytes(_ numbers: UnsafeRawPointer, _ range: Range<Int>, _ width: NumberWidth) -> [UInt8] {
    Array(
      UnsafeRawBufferPointer(
        start: numbers + range.lowerBound * width.bytes, count: range.count * width.bytes))
  }
}

private func copy(_ bytes: ArraySlice<UInt8>, to target: UnsafeMutableRawPointer) {
  UnsafeMutableRawBufferPointer(start: target, count: bytes.count).copyBytes(from: bytes)
}

/// A posted collective of one rank.
private final class ThreadExchange: PendingExchange {
  private let meeting: ThreadMeeting
  private let number: Int
  private var receive: (([[UInt8]]) -> Void)?

  init(_ meeting: ThreadMeeting, number: Int, _ receive: @escaping ([[UInt8]]) -> Void) {
    self.meeting = meeting
    self.number = number
    self.receive = receive
  }

  func test() throws -> Bool {
    guard receive != nil else { return true }
    guard let all = try meeting.take(number) else { return false }
    finish(all)
    return true
  }

  func wait() throws {
    guard receive != nil else { return }
    finish(try meeting.wait(for: number))
  }

  private func finish(_ all: [any Sendable]) {
    receive?(all.map { $0 as! [UInt8] })
    receive = nil
  }
}

/// Thrown to ranks that wait for one that has failed.
struct Abandoned: Error {}

/// Where the ranks of one channel meet: collective n is complete when every rank has brought its part to it.
final class ThreadMeeting: @unchecked Sendable {
  // @unchecked: everything but `ranks` is guarded by `condition`.
  let ranks: Int
  private let condition = NSCondition()
  private var collectives: [Int: Collective] = [:]
  private var isAbandoned = false

  private struct Collective {
    /// By rank.
    var parts: [Int: any Sendable] = [:]
    /// How many ranks have seen all parts: after the last one they are forgotten.
    var taken = 0
  }

  init(ranks: Int) { self.ranks = ranks }

  func bring(_ part: any Sendable, from rank: Int, to number: Int) {
    condition.withLock {
      collectives[number, default: Collective()].parts[rank] = part
      condition.broadcast()
    }
  }

  /// All parts in rank order, once for each rank; nil if some are still missing.
  func take(_ number: Int) throws -> [any Sendable]? {
    try condition.withLock { try complete(number) }
  }

  func wait(for number: Int) throws -> [any Sendable] {
    try condition.withLock {
      while true {
        if let all = try complete(number) { return all }
        condition.wait()
      }
    }
  }

  /// Frees those who wait: some part will never be brought.
  func abandon() {
    condition.withLock {
      isAbandoned = true
      condition.broadcast()
    }
  }

  private func complete(_ number: Int) throws -> [any Sendable]? {
    guard let collective = collectives[number], collective.parts.count == ranks else {
      if isAbandoned { throw Abandoned() }
      return nil
    }
    let isLast = collective.taken == ranks - 1
    collectives[number] = isLast ? nil : Collective(parts: collective.parts, taken: collective.taken + 1)
    return (0..<ranks).map { collective.parts[$0]! }
  }
}
