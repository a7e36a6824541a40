// The web page. It has no linked backend: its predeploy hook writes the address of the gateway into config.json.

@export()
@description('The regions that have static web apps.')
type staticWebAppRegion = 'centralus' | 'eastasia' | 'eastus2' | 'westeurope' | 'westus2'

@description('Name of the static web app.')
@minLength(1)
@maxLength(40)
param name string

@description('Region of the static web app.')
param location staticWebAppRegion

@description('Tags of the static web app.')
param tags { *: string }

@description('Tier of the static web app.')
param sku 'Free' | 'Standard'

resource web 'Microsoft.Web/staticSites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'web'
  })
  sku: {
    name: sku
    tier: sku
  }
  properties: {
    allowConfigFileUpdates: true
    stagingEnvironmentPolicy: 'Disabled'
  }
}

@description('Name of the static web app.')
output name string = web.name

@description('Address of the page.')
output uri string = 'https://${web.properties.defaultHostname}'
