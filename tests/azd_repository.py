"""An azd repository written by hand: another layout, scope and style than the template's."""

import json
from pathlib import Path

from tests.templates import write

MAIN = """targetScope = 'resourceGroup'

param environmentName string
param location string = resourceGroup().location
param copies int = 2
param tier 'standard' | 'premium' = 'standard'
param withVault bool = true
param banner string = ''
param address string = ''
param pin string = ''
param settings object = {}
@secure()
param key string = ''

resource shared 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: 'log-shared'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-${environmentName}'
  location: location
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: 'vnet-${environmentName}'
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] }
    subnets: [{ name: 'endpoints', properties: { addressPrefix: '10.0.0.0/24' } }]
  }
}

module storage 'modules/storage.bicep' = [
  for index in range(0, copies): {
    name: 'storage-${index}'
    params: {
      name: 'st${index}${environmentName}'
      location: location
      principalId: identity.properties.principalId
      subnetId: '${network.id}/subnets/endpoints'
    }
  }
]

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = if (withVault) {
  name: 'kv-${environmentName}'
  location: location
  tags: {
    plain: banner
    within: 'before ${banner} after'
    encoded: base64('user:${banner}')
    uri: uriComponent(banner)
    upper: toUpper(banner)
    first: empty(banner) ? '' : substring(banner, 0, 4)
    hashed: uniqueString(banner)
    address: address
    pin: pin
    double: base64(pin)
    settings: string(settings)
    key: key
    copies: string(copies)
  }
  properties: {
    sku: { family: 'A', name: tier }
    tenantId: tenant().tenantId
    enableRbacAuthorization: true
    publicNetworkAccess: 'Enabled'
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (withVault) {
  name: 'logs'
  scope: vault
  properties: { workspaceId: shared.id, storageAccountId: shared.properties.customerId }
}

output banner string = banner
"""

STORAGE = """param name string
param location string
param principalId string
param subnetId string

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { publicNetworkAccess: 'Disabled', allowSharedKeyAccess: false }
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, 'reader')
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
    )
  }
}

resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pep-${name}'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'blob', properties: { privateLinkServiceId: account.id, groupIds: ['blob'] } }
    ]
  }
}
"""

PARAMETERS = {
    "environmentName": "${AZURE_ENV_NAME}",
    "location": "${AZURE_LOCATION}",
    "copies": "${COPIES=2}",
    "tier": "${TIER=standard}",
    "withVault": "${WITH_VAULT=true}",
    "banner": "${BANNER=}",
    "address": "https://${HOST=none}/path",
    "pin": "${PIN=}",
    "settings": "${SETTINGS=null}",
    "key": "${API_KEY=}",
}


def write_repository(folder: Path, main: str = MAIN, **parameters: object) -> Path:
    """Write the repository; `parameters` are over those of its parameters file."""
    values = {**PARAMETERS, **parameters}
    entries = {name: {"value": value} for name, value in values.items()}
    write(
        folder,
        {
            "azure.yaml": "name: shop\ninfra:\n  path: deploy\n  module: shop\n",
            "deploy/shop.bicep": main,
            "deploy/modules/storage.bicep": STORAGE,
            "deploy/shop.parameters.json": json.dumps({"parameters": entries}),
        },
    )
    return folder


def write_environment(repository: Path, name: str, text: str) -> None:
    """Write the variables of an azd environment, as they stand in its file."""
    write(repository, {f".azure/{name}/.env": text})
