"""What we ask of the Admin API. ``ORDER`` is all that the mapper reads."""

MONEY = "{ shopMoney { amount currencyCode } }"
LINE = f"""
  id sku name quantity currentQuantity requiresShipping isGiftCard
  originalUnitPriceSet {MONEY}
  discountAllocations {{ allocatedAmountSet {MONEY} }}
  taxLines {{ priceSet {MONEY} }}
  variant {{ id sku }}
  product {{ id }}
  lineItemGroup {{ id }}
"""
PAGE = "pageInfo { hasNextPage endCursor }"
ORDER = f"""
fragment OrderParts on Order {{
  id legacyResourceId name createdAt updatedAt processedAt closedAt cancelledAt test currencyCode taxesIncluded
  displayFinancialStatus displayFulfillmentStatus note email phone
  totalPriceSet {MONEY}
  totalTipReceivedSet {MONEY}
  shippingLines(first: 5) {{ nodes {{ title discountedPriceSet {MONEY} taxLines {{ priceSet {MONEY} }} }} }}
  shippingAddress {{ name company phone address1 address2 city province provinceCode zip countryCodeV2 latitude longitude }}
  risk {{ recommendation }}
  lineItems(first: $lines) {{ nodes {{ {LINE} }} {PAGE} }}
}}
"""
ORDERS = (
    f"""query Orders($first: Int!, $after: String, $query: String!, $lines: Int!) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{ nodes {{ ...OrderParts }} {PAGE} }}
}}"""
    + ORDER
)
ONE = "query OneOrder($id: ID!, $lines: Int!) { order(id: $id) { ...OrderParts } }" + ORDER
MORE_LINES = f"""query MoreLines($id: ID!, $lines: Int!, $after: String) {{
  order(id: $id) {{ lineItems(first: $lines, after: $after) {{ nodes {{ {LINE} }} {PAGE} }} }}
}}"""
NUMBERS = f"""query Numbers($first: Int!, $after: String, $query: String!) {{
  orders(first: $first, after: $after, query: $query, sortKey: CREATED_AT) {{ nodes {{ legacyResourceId test }} {PAGE} }}
}}"""
FULFILMENT = """query Fulfilment($id: ID!) {
  order(id: $id) {
    fulfillments(first: 100) {
      id status trackingInfo { number }
      fulfillmentLineItems(first: 100) { nodes { quantity lineItem { id } } }
    }
    fulfillmentOrders(first: 20) {
      nodes {
        id status assignedLocation { location { id } } supportedActions { action }
        lineItems(first: 50) { nodes { id remainingQuantity lineItem { id } } }
      }
    }
  }
}"""
FULFIL = """mutation Fulfil($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id status } userErrors { field message } }
}"""
STOCK = """query Stock($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on ProductVariant {
      id
      inventoryItem { id inventoryLevel(locationId: $location) { quantities(names: ["available"]) { quantity } } }
    }
  }
}"""
LOCATION = "query Location { location { id } }"
SET_STOCK = """mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field message } }
}"""
