/// How consecutive numbers are cut into one piece a rank, as MPI's `v` calls take it.
package struct Pieces: Equatable {
  let counts: [Int32]
  let starts: [Int32]
  package let total: Int

  /// Consecutive pieces of these lengths. A total beyond 32 bits is for the caller to refuse; the starts that
  /// MPI could not take are cut short.
  init(counts: [Int]) {
    var starts: [Int32] = []
    var end = 0
    for count in counts {
      starts.append(Int32(clamping: end))
      end += count
    }
    self.counts = counts.map { Int32(clamping: $0) }
    self.starts = starts
    total = end
  }

  /// `total` numbers for `ranks` ranks: lengths differ by at most one, the longer ones first. With fewer
  /// numbers than ranks the last ranks get none.
  init(total: Int, ranks: Int) {
    let (share, rest) = total.quotientAndRemainder(dividingBy: ranks)
    self.init(counts: (0..<ranks).map { share + ($0 < rest ? 1 : 0) })
  }

  /// Where the piece of `rank` lies.
  package subscript(rank: Int) -> Range<Int> {
    let start = Int(starts[rank])
    return start..<start + Int(counts[rank])
  }
}
