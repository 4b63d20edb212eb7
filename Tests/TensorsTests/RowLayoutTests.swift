import Tensors
import Testing

@Suite struct RowLayoutTests {
  @Test func rowsAreOrderedByShardThenViewThenImage() {
    let layout = RowLayout(images: 4, views: 2, shardSize: 2)
    #expect(layout.rows == 8 && layout.shards == 2)
    let places = (0..<8).map { layout.place(ofRow: $0) }
    #expect(places.map(\.image) == [0, 1, 0, 1, 2, 3, 2, 3])
    #expect(places.map(\.view) == [0, 0, 1, 1, 0, 0, 1, 1])
    #expect(layout.rows(ofShard: 1) == 4..<8 && layout.rows(ofShard: 1, view: 1) == 6..<8)
  }

  @Test func turnsOfAViewFollowEachOther() {
    let layout = RowLayout(images: 4, views: 2, turns: 2, shardSize: 2)
    #expect(layout.rows == 16 && layout.shards == 2)
    let places = (8..<16).map { layout.place(ofRow: $0) }
    #expect(places.map(\.image) == [2, 3, 2, 3, 2, 3, 2, 3])
    #expect(places.map(\.view) == [0, 0, 0, 0, 1, 1, 1, 1])
    #expect(places.map(\.turn) == [0, 0, 1, 1, 0, 0, 1, 1])
    #expect(layout.rows(ofShard: 1, view: 1) == 12..<16)
  }

  /// Draws for what is not turned are those of its view.
  @Test func viewsAndTurnsHaveNumbersOfTheirOwn() {
    let places = (0..<4).flatMap { turn in (0..<64).map { RowLayout.Place(image: 0, view: $0, turn: turn) } }
    #expect(Set(places.map(\.viewAndTurn)) == Set(0..<256))
    #expect(places[..<64].map(\.viewAndTurn) == Array(0..<64))
  }

  static let layouts = [
    RowLayout(images: 6, views: 1, shardSize: 4), RowLayout(images: 7, views: 2, shardSize: 3),
    RowLayout(images: 8, views: 2, shardSize: 8), RowLayout(images: 12, views: 5, shardSize: 4),
    RowLayout(images: 7, views: 1, turns: 4, shardSize: 3),
    RowLayout(images: 6, views: 3, turns: 2, shardSize: 2),
  ]

  @Test(arguments: layouts) func everyPlaceHasOneRow(_ layout: RowLayout) {
    for row in 0..<layout.rows { #expect(layout.row(of: layout.place(ofRow: row)) == row) }
    #expect(Set((0..<layout.rows).map(layout.place(ofRow:))).count == layout.rows)
  }

  @Test(arguments: layouts) func viewsOfShardsCoverTheRows(_ layout: RowLayout) {
    var rows: [Int] = []
    for shard in 0..<layout.shards {
      for view in 0..<layout.views {
        let own = layout.rows(ofShard: shard, view: view)
        #expect(own.allSatisfy { layout.view(ofRow: $0) == view })
        rows += own
      }
    }
    #expect(rows == Array(0..<layout.rows))
  }

  @Test(arguments: layouts) func uprightRowsAreThoseThatNothingTurned(_ layout: RowLayout) {
    let rows = (0..<layout.shards).flatMap { layout.uprightRows(ofShard: $0) }
    #expect(rows.flatMap(Array.init) == (0..<layout.rows).filter { layout.place(ofRow: $0).turn == 0 })
  }

  @Test(arguments: layouts.filter { $0.views == 2 }) func partnersShowTheSameImage(_ layout: RowLayout) {
    for row in 0..<layout.rows {
      let (own, other) = (layout.place(ofRow: row), layout.place(ofRow: layout.partner(ofRow: row)))
      #expect(own.image == other.image && own.view != other.view)
    }
  }

  /// Which images share a micro-batch does not depend on ranks, each of which holds a run of the images.
  @Test(arguments: [1, 2, 4]) func microBatchesTakeTheSameImagesOnAnyRanks(ranks: Int) {
    let images = 16 / ranks
    let found = (0..<4).map { number in
      Set(
        (0..<ranks).flatMap { rank in
          let part = RowLayout(images: images, views: 2, shardSize: 1).microBatches(4)[number]
          return (0..<part.rows).map { rank * images + part.place(ofRow: $0).image }
        })
    }
    #expect(found == [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]])
  }

  @Test(arguments: [
    RowLayout(images: 8, views: 2, shardSize: 2), RowLayout(images: 4, views: 1, turns: 4, shardSize: 1),
  ])
  func partsOfATensorGoWhereTheyWere(_ layout: RowLayout) {
    let batch = Tensor(rows: 16, columns: 3, (0..<48).map(Float.init))
    let copy = Tensor(zeros: 16, columns: 3)
    for part in layout.microBatches(2) {
      let rows = part.part(of: batch)
      for row in 0..<part.rows {
        let row = (own: row, batch: layout.row(of: part.place(ofRow: row)))
        #expect(rows.values[row.own * 3] == batch.values[row.batch * 3])
        #expect(part.row(of: layout.place(ofRow: row.batch)) == row.own)
      }
      part.put(rows, into: copy)
    }
    #expect(copy.values == batch.values)
  }
}
